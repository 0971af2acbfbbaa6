//! Any bytes as a Cloud Run manifest.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(init: rungate_fuzz::only_uncaught_panics(), |bytes: &[u8]| -> Corpus {
    rungate_fuzz::read("service.yaml", bytes)
});
