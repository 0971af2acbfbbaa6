//! Workflows as files write them, from the action's inputs to calls through the repository, and as nobody does.

use proptest::prelude::*;

use super::*;
use crate::model::{OtherVariables, Stated, Value};
use crate::pipeline::files::Folders;
use crate::pipeline::source::Source;
use crate::pipeline::tests::{read_text, shown};
use crate::pipeline::{Loaded, Request, load, yaml};

fn deploy(with: &str) -> (Vec<String>, Vec<&'static str>) {
    let with: String = with.lines().map(|line| format!("          {line}\n")).collect();
    let text = format!(
        "on: push\nenv:\n  REGION: europe-west1\njobs:\n  deploy:\n    env: {{SERVICE: auth}}\n    steps:\n      - uses: google-github-actions/auth@v2\n        with: {{project_id: p}}\n      - name: Deploy\n        uses: google-github-actions/deploy-cloudrun@v2\n        with:\n{with}"
    );
    let (reading, problems) = read_text(&FORMAT, &text);
    (shown(&reading), problems.iter().map(|problem| problem.code).collect())
}

#[test]
fn reads_the_inputs_of_the_action() {
    let (services, problems) = deploy(
        "service: ${{ env.SERVICE }}\nregion: '${{ env.REGION }}'\nimage: a/b:${{ github.sha }}\nno_traffic: true\ntag: t\nenv_vars: |\n  # why\n  A=${{ env.REGION }}\n  B=${{ secrets.B }}\nsecrets: |-\n  P=pw:3\n  /etc/k=projects/x/secrets/k:latest",
    );
    assert_eq!(
        services,
        [
            "10 auth project=p region=europe-west1 image=a/b:${{ github.sha }} tag=t A=europe-west1 B=${{ secrets.B }} P<-pw:3 /etc/k<-projects/x/secrets/k:latest no_traffic=true"
        ]
    );
    assert!(problems.is_empty());
}

#[test]
fn flags_are_gclouds() {
    let (services, _) = deploy(
        "service: a\nimage: i\nflags: |\n  --vpc-connector=${{ secrets.VPC }} --vpc-egress=all\n  --allow-unauthenticated --port 80\n  --set-env-vars=A=1,B=${{ env.SERVICE }}",
    );
    assert_eq!(
        services,
        ["10 a project=p image=i connector=${{ secrets.VPC }} egress=all port=80 A=1 B=auth open=true"]
    );
}

#[test]
fn no_region_is_invented() {
    assert_eq!(deploy("service: a\nimage: i").0, ["10 a project=p image=i"]);
}

#[test]
fn places_lead_to_the_line_of_a_variable() {
    let text = "on: push\njobs:\n  d:\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v2\n        with:\n          service: a\n          image: i\n          env_vars: |\n            A=1\n            B=2\n";
    let (reading, _) = read_text(&FORMAT, text);
    assert_eq!(reading.services[0].variable("B").unwrap().value.place.line, 11);
}

#[test]
fn a_manifest_decides_the_name() {
    let (services, _) = deploy("service: ignored\nmetadata: service.yaml\nregion: r");
    assert_eq!(services, ["10 project=p region=r manifest=service.yaml"]);
}

#[test]
fn jobs_and_traffic_are_no_services() {
    assert!(deploy("job: j\nimage: i").0.is_empty());
    assert!(deploy("service: a\nrevision_traffic: LATEST=100").0.is_empty());
}

#[test]
fn what_cannot_be_read_is_told() {
    assert_eq!(deploy("service: a\nimage: i\nenv_vars: 'A=\"1'").1, ["input-broken"]);
    assert_eq!(deploy("service: a\nimage: i\nflags: \"--a='b\"").1, ["input-broken"]);
    assert_eq!(deploy("service: a\nimage: '${{ a b }}'").1, ["expression-broken"]);
    assert_eq!(deploy("service: [a]\nimage: i").1, ["wrong-type"]);
}

#[test]
fn a_script_of_another_shell_is_told_not_guessed() {
    for job in [
        "steps: [{shell: pwsh, run: 'gcloud run deploy a | Out-Null'}]",
        "runs-on: windows-latest\n    steps: [{shell: cmd, run: gcloud run deploy a}]",
        "defaults: {run: {shell: python}}\n    steps: [{run: gcloud run deploy a}]",
    ] {
        let (reading, problems) = read_text(&FORMAT, &format!("jobs:\n  d:\n    {job}\n"));
        assert!(reading.services.is_empty());
        assert_eq!(
            problems.iter().map(|problem| problem.code).collect::<Vec<_>>(),
            ["script-not-read"],
            "{job}"
        );
    }
    let plain = "jobs:\n  d:\n    runs-on: windows-latest\n    env: {R: west}\n    steps:\n      - run: |\n          $s = 'auth'\n          gcloud run deploy $s `\n            --region $env:R\n";
    assert_eq!(read(plain), ["6 auth region=west"]);
    let named = "jobs:\n  d:\n    runs-on: windows-latest\n    steps: [{shell: 'bash -el {0}', run: gcloud run deploy a}]\n";
    assert_eq!(read(named), ["4 a"]);
}

/// Services of a workflow that has no problem.
fn read(text: &str) -> Vec<String> {
    let (reading, problems) = read_text(&FORMAT, text);
    assert!(problems.is_empty(), "{problems}");
    shown(&reading)
}

#[test]
fn env_is_that_of_the_innermost_level() {
    let text = "env: {A: workflow, B: workflow, C: '${{ secrets.C }}'}\njobs:\n  d:\n    env: {B: job, D: '${{ env.A }}-x'}\n    steps:\n      - env: {A: '${{ env.A }}!', E: step}\n        run: gcloud run deploy $A-$B --image=$C:$D --tag=$E --region=${{ env.E }}\n";
    assert_eq!(read(text), ["6 workflow!-job region=step image=${{ secrets.C }}:workflow-x tag=step"]);
}

#[test]
fn a_service_for_each_combination_only_where_its_name_depends_on_it() {
    let job = |with: &str| {
        read(&format!(
            "jobs:\n  d:\n    strategy:\n      matrix:\n        app: [web, api]\n        node: [16, 18]\n        include: [{{app: api, port: 81}}]\n    env: {{NAME: 'x-${{{{ matrix.app }}}}'}}\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v2\n        with: {with}\n"
        ))
    };
    assert_eq!(
        job("{service: '${{ env.NAME }}', image: 'i/${{ matrix.app }}', flags: '--port=${{ matrix.port }}'}"),
        ["10 x-web image=i/web", "10 x-api image=i/api port=81"]
    );
    assert_eq!(job("{service: s, image: 'i/${{ matrix.app }}'}"), ["10 s image=i/${{ matrix.app }}"]);
}

#[test]
fn a_condition_on_the_matrix_is_obeyed() {
    let text = "jobs:\n  d:\n    strategy: {matrix: {app: [web, api]}}\n    steps:\n      - if: matrix.app == 'web'\n        run: gcloud run deploy ${{ matrix.app }}\n      - if: ${{ false }}\n        run: gcloud run deploy never\n      - if: github.ref == 'refs/heads/main'\n        run: gcloud run deploy main\n";
    assert_eq!(read(text), ["5 web", "9 main"]);
}

#[test]
fn the_project_comes_from_the_deploy_then_gcloud_then_the_actions() {
    let auth = "- uses: google-github-actions/auth@v2\n        with: {project_id: auth}\n      ";
    let setup = "- uses: google-github-actions/setup-gcloud@v2\n        with: {project_id: setup}\n      ";
    let gcloud = "- run: gcloud config set project set\n      ";
    for (steps, flag, project) in [
        (format!("{auth}{setup}{gcloud}"), " --project=flag", " project=flag"),
        (format!("{auth}{setup}{gcloud}"), "", " project=set"),
        (format!("{auth}{setup}"), "", " project=setup"),
        (auth.to_owned(), "", " project=auth"),
        (String::new(), "", ""),
    ] {
        let text = format!(
            "jobs:\n  d:\n    steps:\n      {steps}- run: gcloud run deploy a{flag}\n  other:\n    steps:\n      - run: gcloud run deploy b\n"
        );
        let services = read(&text);
        assert!(services[0].ends_with(&format!(" a{project}")), "{services:?}");
        assert!(services[1].ends_with(" b"), "{services:?}");
    }
}

#[test]
fn the_old_name_of_the_setup_action_sets_the_project() {
    let text = "on: push\njobs:\n  d:\n    steps:\n      - uses: GoogleCloudPlatform/github-actions/setup-gcloud@master\n        with: {project_id: old}\n      - run: gcloud run deploy a\n";
    assert_eq!(read(text), ["7 a project=old"]);
}

#[test]
fn files_that_the_job_writes_are_read() {
    let text = "env: {P: '${{ secrets.P }}'}\njobs:\n  d:\n    steps:\n      - run: |\n          cat > env.yaml <<EOF\n          A: \"1\"\n          B: x-$P\n          EOF\n      - run: gcloud run deploy a --env-vars-file=env.yaml\n";
    assert_eq!(read(text), ["10 a A=1 B=x-${{ secrets.P }}"]);
    let (reading, _) = read_text(
        &FORMAT,
        "jobs:\n  d:\n    steps:\n      - run: printf 'A=1\\nB=2\\n' > env\n      - uses: google-github-actions/deploy-cloudrun@v1\n        with: {service: a, image: i, env_vars_file: env, env_vars: 'B=3'}\n",
    );
    assert_eq!(shown(&reading), ["5 a image=i A=1 B=3"]);
}

#[test]
fn a_url_is_followed_through_outputs() {
    let text = "jobs:\n  d:\n    outputs: {url: '${{ steps.u.outputs.u }}'}\n    steps:\n      - run: |\n          gcloud run deploy a --image=i\n          gcloud run deploy b --image=i\n      - id: u\n        run: echo \"u=$(gcloud run services describe b --format='value(status.url)')\" >> $GITHUB_OUTPUT\n      - run: curl -f ${{ steps.u.outputs.u }}/health\n  check:\n    needs: d\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v2\n        id: c\n        with: {service: c, image: i}\n      - run: curl ${{ steps.c.outputs.url }}/ready\n      - run: curl ${{ needs.d.outputs.url }}/other\n";
    assert_eq!(read(text), ["5 a image=i", "5 b image=i GET/health", "14 c image=i GET/ready"]);
}

#[test]
fn each_combination_asks_its_own_service() {
    let jobs = |matrix: &str, path: &str| {
        format!(
            "on: push\njobs:\n  d:\n    strategy: {{matrix: {matrix}}}\n    steps:\n      - run: gcloud run deploy ${{{{ matrix.app }}}} --image i\n  ask:\n    strategy: {{matrix: {matrix}}}\n    steps:\n      - id: where\n        run: |\n          U=$(gcloud run services describe ${{{{ matrix.app }}}} --format='value(status.url)')\n          echo \"url=$U\" >> $GITHUB_OUTPUT\n      - run: curl -f \"${{{{ steps.where.outputs.url }}}}{path}\"\n"
        )
    };
    assert_eq!(
        read(&jobs("{app: [auth, chat]}", "/readyz")),
        ["6 auth image=i GET/readyz", "6 chat image=i GET/readyz"]
    );
    let own = "{include: [{app: auth, at: /up}, {app: chat, at: /health}]}";
    assert_eq!(read(&jobs(own, "${{ matrix.at }}")), ["6 auth image=i GET/up", "6 chat image=i GET/health"]);
}

#[test]
fn a_branch_that_is_presumed_not_to_run_still_deploys_what_is_its_own() {
    let steps = |script: &str| {
        let script: String = script.lines().map(|line| format!("          {line}\n")).collect();
        read(&format!("on: push\njobs:\n  d:\n    steps:\n      - run: |\n{script}"))
    };
    assert_eq!(
        steps(
            "if [ -n \"${{ inputs.nightly }}\" ]; then\n  gcloud run jobs deploy n --image i\nelse\n  gcloud run deploy auth --image i\nfi"
        ),
        ["5 auth image=i"]
    );
    assert_eq!(
        steps(
            "if [ -z \"${{ secrets.VPC }}\" ]; then gcloud run deploy auth --image i\nelse gcloud run deploy auth --image i --vpc-connector ${{ secrets.VPC }}\nfi"
        ),
        ["5 auth image=i connector=${{ secrets.VPC }}"]
    );
    assert_eq!(
        steps(
            "case \"${{ vars.STAGE || 'dev' }}\" in\n  prod) gcloud run deploy auth-prod --image i ;;\n  dev) gcloud run deploy auth-dev --image i ;;\nesac"
        ),
        ["5 auth-prod image=i", "5 auth-dev image=i"]
    );
    // What such a branch only changes does not count.
    assert_eq!(
        steps(
            "gcloud run deploy auth --image i\nif [ \"${{ vars.MAIL || 'off' }}\" = on ]; then gcloud run services update auth --update-env-vars MAIL=1; fi"
        ),
        ["5 auth image=i"]
    );
}

#[test]
fn a_list_that_only_the_run_knows_is_told() {
    let (services, problems) =
        deploy("service: a\nimage: i\nenv_vars: |-\n  A=1\n  ${{ vars.MORE }}\nsecrets: ${{ vars.SECRETS }}");
    assert_eq!(services, ["10 a project=p image=i A=1"]);
    assert_eq!(problems, ["list-not-known", "list-not-known"]);
}

#[test]
fn a_mapped_domain_is_the_url() {
    let text = "jobs:\n  d:\n    steps:\n      - run: gcloud run deploy a\n      - run: |\n          gcloud beta run domain-mappings create --service a --domain=a.example\n          gcloud run domain-mappings create --service=a --domain=www.a.example\n";
    assert_eq!(read(text), ["4 a url=https://a.example"]);
}

#[test]
fn updates_go_into_what_was_deployed() {
    let text = "jobs:\n  d:\n    steps:\n      - run: gcloud run deploy a --image=i\n      - run: gcloud run services update a --update-env-vars=A=1\n      - run: gcloud run services update other --update-env-vars=A=1\n";
    assert_eq!(read(text), ["4 a image=i A=1"]);
    let alone = "jobs:\n  d:\n    steps:\n      - run: gcloud run services update a --image=i\n";
    assert_eq!(read(alone), ["4 a image=i"]);
}

#[test]
fn workflows_that_only_build_are_silent() {
    let text = "on: [push]\njobs:\n  test:\n    runs-on: ${{ matrix.os }}\n    strategy: {matrix: {os: [ubuntu-latest, windows-latest]}}\n    services: {db: {image: postgres}}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./missing\n      - run: cargo test\n        env:\n      - run: if [ x; then\n        with:\n      - name: nothing\n  call:\n    uses: other/repo/.github/workflows/x.yml@v1\n";
    assert_eq!(read(text), Vec::<String>::new());
}

#[test]
fn what_is_of_the_wrong_type_is_told_and_the_rest_is_read() {
    let text = "env: [A]\ndefaults: x\njobs:\n  a: text\n  b:\n  c: {steps: {run: x}}\n  d:\n    env: x\n    strategy: [x]\n    outputs: x\n    steps:\n      -\n      - text\n      - [run]\n      - {run: [x], uses: {a: b}}\n      - {uses: google-github-actions/deploy-cloudrun@v2, with: x}\n      - {env: x, if: [a], run: gcloud run deploy a}\n";
    let (reading, problems) = read_text(&FORMAT, text);
    assert!(shown(&reading).contains(&"17 a".to_owned()), "{:?}", shown(&reading));
    let lines: Vec<_> =
        problems.iter().map(|problem| (problem.code, problem.place.as_ref().unwrap().line)).collect();
    for line in [1, 4, 5, 6, 8, 12, 13, 14, 15, 16, 17] {
        assert!(lines.contains(&("wrong-type", line)), "{line}: {lines:?}");
    }
    assert!(lines.iter().all(|(code, _)| *code == "wrong-type"), "{lines:?}");
}

#[test]
fn anchors_and_merges_are_what_they_stand_for() {
    let text = "x-with: &with {image: i, region: r}\njobs:\n  d:\n    steps:\n      - &step\n        uses: google-github-actions/deploy-cloudrun@v2\n        with: {<<: *with, service: a}\n      - <<: *step\n        with: {<<: *with, service: b}\n";
    assert_eq!(read(text), ["5 a region=r image=i", "8 b region=r image=i"]);
}

#[test]
fn huge_lines_are_read_in_time() {
    let long = "x".repeat(1 << 20);
    let expressions = "${{ env.A }}".repeat(1 << 16);
    let start = std::time::Instant::now();
    for (run, env) in [(&long, &expressions), (&expressions, &long)] {
        let text = format!(
            "env: {{A: '{env}'}}\njobs:\n  d:\n    env: {{B: '{run}'}}\n    steps:\n      - run: gcloud run deploy a --image={run} --set-env-vars=A={env}\n      - uses: google-github-actions/deploy-cloudrun@v2\n        with: {{service: b, image: i, env_vars: 'A={run}', flags: '--x={env}'}}\n"
        );
        let (reading, problems) = read_text(&FORMAT, &text);
        assert_eq!(reading.services.len(), 1);
        assert_eq!(problems.iter().next().unwrap().code, "script-not-read");
    }
    assert!(start.elapsed() < crate::HANG, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn no_workflow_makes_it_panic(
        parts in proptest::collection::vec(
            (0usize..6, prop::sample::select(vec![
                "jobs:", "d:", "steps:", "- run: gcloud run deploy $A --image=${{ matrix.a }}", "- uses: ./.github/x",
                "- uses: google-github-actions/deploy-cloudrun@v2", "with:", "service: ${{ matrix.a }}", "image: i",
                "env_vars: |", "  A=1,B=${{ env.A }}", "env:", "A: ${{ env.A || 'x' }}", "strategy:", "matrix:",
                "a: [x, y]", "include: [{a: z}]", "exclude: x", "if: matrix.a == 'x'", "-", "defaults: {run: {shell: sh}}",
                "uses: ./.github/workflows/a.yml", "outputs: {u: '${{ steps.a.outputs.url }}'}", "id: a", "? [a]", "x",
            ])),
            0..24,
        ),
    ) {
        let mut text = "jobs:\n  a:\n    steps: []\n".to_owned();
        for (indent, line) in parts {
            text += &format!("{}{line}\n", "  ".repeat(indent));
        }
        let source = Source::new("a.yaml", &text);
        if let Ok(documents) = yaml::parse(&source) {
            let folders = Folders::default();
            let file = File {
                source: &source,
                path: Path::new("a.yaml"),
                documents: &documents,
                known_checks: &[],
                folders: &folders,
                substitutions: &[],
            };
            let _ = (FORMAT.read)(&file, &mut Problems::default());
        }
    }
}

/// Reads a workflow of a repository with these files.
fn in_repository(files: &[(&str, &str)], names: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let request = Request {
        files: names.iter().map(|name| Path::new(".github/workflows").join(name)).collect(),
        directory: folder.path().to_owned(),
        ..Request::default()
    };
    load(&request).unwrap_or_else(|problems| panic!("{problems}"))
}

fn lines(loaded: &Loaded) -> Vec<String> {
    shown(&Reading { services: loaded.pipeline.services.clone(), ..Reading::default() })
}

const CALLER: &str = "on: {workflow_dispatch: {inputs: {size: {default: small}}}}\njobs:\n  stage:\n    strategy: {matrix: {app: [web, api]}}\n    uses: ./.github/workflows/deploy.yml\n    with: {service: 's-${{ matrix.app }}', region: '${{ inputs.size }}'}\n    secrets: inherit\n";
const CALLED: &str = "on:\n  workflow_call:\n    inputs:\n      service: {type: string, required: true}\n      region: {type: string}\n      open: {type: boolean, default: true}\n      tag: {type: string, default: t}\nenv: {I: 'i/${{ inputs.service }}'}\njobs:\n  d:\n    if: inputs.open\n    steps:\n      - uses: ./.github/actions/deploy\n        with: {image: '${{ env.I }}', name: '${{ inputs.service }}'}\n        env: {R: '${{ inputs.region }}'}\n";
const ACTION: &str = "inputs:\n  image: {required: true}\n  name: {}\n  tag: {default: d}\nruns:\n  using: composite\n  steps:\n    - run: gcloud run deploy ${{ inputs.name }} --image=${{ inputs.image }} --region=$R --tag=${{ inputs.tag }}\n      shell: bash\n";

#[test]
fn workflows_and_actions_of_the_repository_are_followed() {
    let files = [
        (".github/workflows/a.yml", CALLER),
        (".github/workflows/deploy.yml", CALLED),
        (".github/actions/deploy/action.yml", ACTION),
    ];
    let loaded = in_repository(&files, &["a.yml"]);
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let expected = [
        "3 s-web region=${{ inputs.size }} image=i/s-web tag=d",
        "3 s-api region=${{ inputs.size }} image=i/s-api tag=d",
    ];
    assert_eq!(lines(&loaded), expected);
    // The same, named as the repository's own at the commit that runs.
    let own = files.map(|(name, text)| (name, text.replace("uses: ./", "uses: $/")));
    let own: Vec<(&str, &str)> = own.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(lines(&in_repository(&own, &["a.yml"])), expected);
    let region = &loaded.pipeline.services[0].region.as_ref().unwrap().value;
    assert!(
        matches!(region, Value::Unresolved { fallback: Some(small), .. } if small == "small"),
        "{region:?}"
    );
    let image = loaded.pipeline.services[0].image.as_ref().unwrap();
    assert_eq!(&*image.place.file, ".github/actions/deploy/action.yml");
    // The called workflow says less of itself than its caller does.
    assert_eq!(lines(&in_repository(&files, &["a.yml", "deploy.yml"])), expected);
    assert_eq!(
        lines(&in_repository(&files, &["deploy.yml"])),
        ["13 ${{ inputs.service }} region=${{ inputs.region }} image=i/${{ inputs.service }} tag=d"]
    );
}

#[test]
fn circles_and_missing_files_end_in_a_problem() {
    let circle = "on: workflow_call\njobs:\n  again:\n    uses: ./.github/workflows/a.yml\n  out:\n    uses: ./../../etc/passwd.yml\n  none:\n    uses: ./.github/workflows/none.yml\n  broken:\n    uses: ./.github/workflows/broken.yml\n  d:\n    steps: [{run: gcloud run deploy a}]\n";
    let loaded = in_repository(
        &[(".github/workflows/a.yml", circle), (".github/workflows/broken.yml", "a: [")],
        &["a.yml"],
    );
    let codes: Vec<_> = loaded.warnings.iter().map(|problem| problem.code).collect();
    assert_eq!(
        codes,
        ["calls-itself", "file-not-found", "file-not-found", "yaml-broken"],
        "{}",
        loaded.warnings
    );
    assert_eq!(lines(&loaded), ["12 a"]);
}

#[test]
fn calls_that_multiply_end() {
    let action = "runs:\n  using: composite\n  steps:\n".to_owned();
    let mut files: Vec<(String, String)> = (0..9)
        .map(|level| {
            let step = format!("    - uses: ./a{}\n", level + 1);
            (format!("a{level}/action.yml"), action.clone() + &step.repeat(50))
        })
        .collect();
    files.push(("a9/action.yml".to_owned(), action + "    - run: gcloud run deploy a\n      shell: bash\n"));
    files.push((
        ".github/workflows/a.yml".to_owned(),
        "jobs:\n  d:\n    steps:\n      - uses: ./a0\n".to_owned(),
    ));
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let start = std::time::Instant::now();
    let loaded = in_repository(&files, &["a.yml"]);
    assert!(start.elapsed() < crate::HANG, "{:?}", start.elapsed());
    assert!(loaded.warnings.iter().any(|problem| problem.code == "workflow-too-large"));
}

#[test]
fn the_actions_strategies_and_rarer_inputs_are_read() {
    let (reading, problems) = read_text(
        &FORMAT,
        "on: push\njobs:\n  d:\n    runs-on: x\n    steps:\n    - uses: google-github-actions/deploy-cloudrun@v3\n      with:\n        service: auth\n        source: ./app\n        suffix: x1\n        revision_traffic: LATEST=100\n        env_vars: A=1\n        secrets: P=pw:3\n        secrets_update_strategy: overwrite\n        flags: --ingress=internal\n",
    );
    assert!(problems.is_empty(), "{problems}");
    let service = &reading.services[0];
    let stated = [&service.source, &service.revision_suffix, &service.revision_traffic, &service.ingress];
    let raw: Vec<_> = stated.into_iter().flatten().map(Stated::raw).collect();
    assert_eq!(raw, ["./app", "x1", "LATEST=100", "internal"]);
    assert!(matches!(service.other_variables, Some(OtherVariables::Kept(_))));
    assert!(matches!(service.other_secrets, Some(OtherVariables::Removed(_))));
}
