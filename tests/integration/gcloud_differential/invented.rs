//! Command lines put together by chance, the same ones in every run.

/// A sequence of numbers that looks like chance (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// One way to say something: flags and their values; no value: the flag takes none.
type Way = &'static [(&'static str, Option<&'static str>)];

/// Things that a deploy may say, each in several ways; none twice in one command.
const DEPLOY: &[&[Way]] = &[
    &[
        &[("--set-env-vars", Some("A=1,B=x=y,C="))],
        &[("--set-env-vars", Some("A=1")), ("--set-env-vars", Some("B= blanks "))],
        &[("--update-env-vars", Some("^@^A=1,2@B=k=v@"))],
        &[("--update-env-vars", Some("^::^A=a:b::B=c^d"))],
        &[("--set-env-vars", Some("A=1, B=2,A=3,"))],
        &[("--set-env-vars", Some("URL=postgres://u:p@h:5432/d?sslmode=require,Ü=ö"))],
        &[("--update-env-vars", Some("A='1',B=\"2\",C=\\"))],
        &[("--env-vars-file", Some("env.yaml"))],
        &[("--env-vars-file", Some("other.yaml")), ("--env-vars-file", Some("env.yaml"))],
        &[("--update-env-vars", Some("A=1")), ("--remove-env-vars", Some("A,OLD"))],
        &[("--set-env-vars", Some(""))],
        &[("--clear-env-vars", None)],
        &[("--flags-file", Some("flags.yaml"))],
    ],
    &[
        &[("--set-secrets", Some("P=pw:3,Q=qw:latest"))],
        &[("--update-secrets", Some("P=pw:3")), ("--update-secrets", Some("/etc/keys/key.pem=key:2"))],
        &[("--set-secrets", Some("P=projects/123/secrets/pw:7"))],
        &[("--set-secrets", Some("P=projects/123/secrets/pw/versions/8"))],
        &[("--set-secrets", Some("P=projects/123/secrets/pw"))],
        &[("--set-secrets", Some("^;^/a/b/one=s:1;/a/b/two=s:2; P =pw:3"))],
        &[("--clear-secrets", None)],
        &[("--update-secrets", Some("P=pw:3")), ("--remove-secrets", Some("GONE"))],
    ],
    &[
        &[("--vpc-connector", Some("way")), ("--vpc-egress", Some("all-traffic"))],
        &[("--vpc-connector", Some("projects/p/locations/r/connectors/way"))],
        &[("--vpc-connector", Some("one")), ("--vpc-connector", Some("two")), ("--vpc-egress", Some("all"))],
        &[
            ("--network", Some("net")),
            ("--subnet", Some("sub")),
            ("--network-tags", Some("a,b")),
            ("--vpc-egress", Some("private-ranges-only")),
        ],
        &[("--subnet", Some("sub")), ("--network-tags", Some("a")), ("--network-tags", Some("b,c"))],
        &[("--network", Some("net")), ("--clear-network-tags", None)],
        &[
            ("--vpc-connector", Some("way")),
            ("--vpc-egress", Some("private-ranges-only")),
            ("--clear-vpc-connector", None),
        ],
        &[("--clear-network", None)],
    ],
    &[
        &[("--set-cloudsql-instances", Some("p:r:one,p:r:two"))],
        &[("--add-cloudsql-instances", Some("bare"))],
        &[("--set-cloudsql-instances", Some("p:r:one")), ("--set-cloudsql-instances", Some("p:r:two"))],
        &[("--add-cloudsql-instances", Some("p:r:one")), ("--add-cloudsql-instances", Some("p:r:two"))],
        &[("--clear-cloudsql-instances", None)],
        &[("--remove-cloudsql-instances", Some("p:r:base"))],
    ],
    &[&[("--service-account", Some("a@p.iam.gserviceaccount.com"))], &[("--service-account", Some(""))]],
    &[
        &[("--ingress", Some("internal"))],
        &[("--ingress", Some("all")), ("--ingress", Some("internal-and-cloud-load-balancing"))],
    ],
    &[&[("--port", Some("8081"))], &[("--port", Some("default"))], &[("--use-http2", None)]],
    &[&[("--max-instances", Some("7"))], &[("--max-instances", Some("default"))]],
    &[&[("--min-instances", Some("2"))], &[("--min-instances", Some("0"))], &[("--min", Some("3"))]],
    &[&[("--tag", Some("green"))], &[("--tag", Some("one")), ("--tag", Some("two"))]],
    &[&[("--revision-suffix", Some("x1"))]],
    &[&[("--cpu-boost", None)], &[("--no-cpu-throttling", None)], &[("--session-affinity", None)]],
    &[&[("--memory", Some("1Gi")), ("--timeout", Some("60s"))], &[("--concurrency", Some("80"))]],
    &[&[("--args", Some("serve,now"))], &[("--command", Some("/bin/app"))], &[("--labels", Some("a=b"))]],
];

/// The flags of a command: in any order between those of one name, with `=` or without.
pub(crate) fn flags(chance: &mut Chance) -> Vec<String> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    for thing in DEPLOY {
        if chance.below(10) < 4 {
            continue;
        }
        let way = chance.one(thing);
        let mut names: Vec<&str> = way.iter().map(|(name, _)| *name).collect();
        names.dedup();
        for name in names {
            let of_name = way.iter().filter(|(other, _)| *other == name);
            groups.push(of_name.flat_map(|(name, value)| words(name, *value, chance)).collect());
        }
    }
    let mut mixed = Vec::new();
    while !groups.is_empty() {
        let next = chance.below(groups.len());
        mixed.extend(groups.swap_remove(next));
    }
    mixed
}

fn words(name: &str, value: Option<&str>, chance: &mut Chance) -> Vec<String> {
    match value {
        None => vec![name.to_owned()],
        Some(value) if chance.below(2) == 0 => vec![name.to_owned(), value.to_owned()],
        Some(value) => vec![format!("{name}={value}")],
    }
}
