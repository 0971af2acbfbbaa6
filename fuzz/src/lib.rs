//! What the targets share: reading bytes as a pipeline file, and which panics count.

use std::cell::RefCell;
use std::path::Path;

use libfuzzer_sys::Corpus;
use rungate::pipeline::{self, Request, shell};
use rungate::{checks, findings};

/// Lets the panics through that the reader expects and catches; libFuzzer's own hook ends the process at every one.
/// Those are the shell parser's, on the thread that it runs on; our own code on that thread counts.
pub fn only_uncaught_panics() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let on_its_thread = std::thread::current().name() == Some(shell::THREAD);
        let of_the_parser = panic.location().is_some_and(|place| place.file().contains("brush-parser"));
        if !(on_its_thread && of_the_parser) {
            abort(panic);
        }
    }));
}

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// Reads bytes as the pipeline file of a name, and shows everything that is known of it: problems and findings. What
/// is of no known format teaches nothing, and is not kept.
pub fn read(name: &str, bytes: &[u8]) -> Corpus {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("a temporary folder"));
        read_in(folder.path(), name, bytes)
    })
}

fn read_in(folder: &Path, name: &str, bytes: &[u8]) -> Corpus {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).expect("a folder for the file");
    std::fs::write(&path, bytes).expect("the file is written");
    let request = Request {
        files: vec![name.into()],
        directory: folder.to_owned(),
        running: None,
        known_checks: checks::CHECKS.iter().map(|check| check.id.as_str()).collect(),
        substitutions: Vec::new(),
        strict: false,
    };
    match pipeline::load(&request) {
        Ok(loaded) => {
            let _ = loaded.warnings.render(false);
            let _ = findings::text(&findings::find(&loaded), &loaded, false);
            Corpus::Keep
        }
        Err(problems) => {
            let _ = problems.render(true);
            let known = problems.iter().all(|problem| problem.code != "unknown-format");
            if known { Corpus::Keep } else { Corpus::Reject }
        }
    }
}
