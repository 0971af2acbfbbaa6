//! Any bytes as a GitHub workflow.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(init: rungate_fuzz::only_uncaught_panics(), |bytes: &[u8]| -> Corpus {
    rungate_fuzz::read(".github/workflows/deploy.yml", bytes)
});
