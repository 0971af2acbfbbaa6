//! How fast pipeline files are read: `cargo bench --bench readers`.
//!
//! Two inputs: a generated workflow of 5,000 lines (aim: under 50 ms), and the real files that lie beside the
//! repository, each read once in this one process. Without them that part is skipped, and says so.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rungate::pipeline::{Request, load};

/// How long the generated workflow is.
const LINES: usize = 5_000;

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    generated();
    real();
    match peak_memory() {
        Some(kib) => println!("{:<44} {:>9.1} MiB", "peak memory of this process (VmHWM)", kib / 1024.0),
        None => println!("peak memory: SKIPPED, there is no /proc/self/status here"),
    }
}

fn generated() {
    let folder = tempfile::tempdir().unwrap();
    let text = workflow(LINES);
    std::fs::write(folder.path().join("deploy.yaml"), &text).unwrap();
    let mut services = 0;
    let mut times: Vec<Duration> = (0..11)
        .map(|_| {
            let began = Instant::now();
            let loaded = load(&request(folder.path(), "deploy.yaml".into())).unwrap();
            services = loaded.pipeline.services.len();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let what = format!("workflow of {} lines, {services} services", text.lines().count());
    println!("{what:<44} {:>9.1} ms (median of {})", median.as_secs_f64() * 1000.0, times.len());
}

fn real() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/open");
    let Ok(entries) = std::fs::read_dir(&corpus) else {
        println!("real files: SKIPPED, there are none beside the repository");
        return;
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| PathBuf::from(entry.unwrap().file_name()))
        .filter(|name| name.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let began = Instant::now();
    // What is no YAML is refused; that takes its time as well.
    let read = files.iter().filter(|file| load(&request(&corpus, (*file).clone())).is_ok()).count();
    let seconds = began.elapsed().as_secs_f64();
    let count = files.iter().fold(0.0, |count, _| count + 1.0);
    let what = format!("{} real files, {read} of them accepted", files.len());
    println!("{what:<44} {:>9.0} files/s", count / seconds);
}

fn request(directory: &Path, file: PathBuf) -> Request {
    Request {
        files: vec![file],
        directory: directory.to_owned(),
        known_checks: Vec::new(),
        substitutions: Vec::new(),
        strict: false,
        running: None,
    }
}

/// A workflow of about as many lines: jobs that set up, build, deploy by gcloud or by the action, and ask for health.
fn workflow(lines: usize) -> String {
    let mut text = "on: push\nenv:\n  PROJECT: acme\n  REGION: europe-west1\njobs:\n".to_owned();
    let mut number = 0;
    while text.matches('\n').count() < lines {
        number += 1;
        text.push_str(&format!(
            "  deploy-{number}:
    runs-on: ubuntu-latest
    env:
      SERVICE: auth-{number}
      IMAGE: ${{{{ env.REGION }}}}-docker.pkg.dev/${{{{ env.PROJECT }}}}/app/auth-{number}
    outputs:
      url: ${{{{ steps.deploy.outputs.url }}}}
    steps:
      - uses: actions/checkout@v4
      - uses: google-github-actions/auth@v2
        with:
          project_id: ${{{{ env.PROJECT }}}}
      - name: Build
        run: |
          docker build -t \"$IMAGE:${{{{ github.sha }}}}\" .
          docker push \"$IMAGE:${{{{ github.sha }}}}\"
          echo \"tag=${{GITHUB_SHA::7}}\" >> \"$GITHUB_OUTPUT\"
      - name: Deploy
        run: |
          FLAGS=(--quiet)
          if [ -n \"${{{{ secrets.VPC }}}}\" ]; then
            FLAGS+=(--vpc-connector \"${{{{ secrets.VPC }}}}\")
          fi
          gcloud run deploy \"$SERVICE\" \\
            --image \"$IMAGE:${{{{ github.sha }}}}\" \\
            --region \"$REGION\" \\
            --set-env-vars \"A=1,B=$PROJECT,C=${{{{ vars.C || 'c' }}}}\" \\
            --set-secrets DB_PASSWORD=auth-db:latest \\
            \"${{FLAGS[@]}}\"
      - name: Deploy by the action
        id: deploy
        uses: google-github-actions/deploy-cloudrun@v2
        with:
          service: ${{{{ env.SERVICE }}}}-web
          image: ${{{{ env.IMAGE }}}}:${{{{ github.sha }}}}
          region: ${{{{ env.REGION }}}}
          env_vars: |-
            LOG_LEVEL=info
            API_URL=https://api-{number}.example.com
          flags: --port=8080 --no-allow-unauthenticated
      - name: Ask
        run: |
          URL=$(gcloud run services describe \"$SERVICE\" --region \"$REGION\" --format='value(status.url)')
          for i in 1 2 3; do
            curl -fsS \"$URL/health\" && exit 0
            sleep 5
          done
          exit 1
"
        ));
    }
    text
}

/// The most memory that this process has held, in KiB.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
