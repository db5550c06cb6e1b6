#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::*;

/// A component without anything in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

/// What cannot be compiled: a component that comes of it was read from a file.
const NO_COMPONENT: &[u8] = b"no component";

#[test]
fn what_was_compiled_once_is_read_from_then_on() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
    let code = CompiledCode::in_folder(folder.path().join("a/b")).unwrap();
    code.component(&engine, EMPTY, &digest(0)).unwrap();
    assert_eq!(files(&code.folder).len(), 1);
    code.component(&engine, NO_COMPONENT, &digest(0)).unwrap();
    let other = code.component(&engine, NO_COMPONENT, &digest(1));
    other.unwrap_err();
    assert_eq!(files(&code.folder).len(), 1);
}

#[test]
fn a_damaged_file_is_compiled_anew_and_replaced() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
    let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
    code.component(&engine, EMPTY, &digest(0)).unwrap();
    let file = folder.path().join(file_name(&engine, &digest(0)));
    let whole = fs::read(&file).unwrap();
    let zeroed = |begin: usize, end: usize| {
        let mut damaged = whole.clone();
        damaged[begin..end.min(whole.len())].fill(0);
        damaged
    };
    let pages = (0..whole.len()).step_by(4096);
    let damaged = pages.map(|begin| zeroed(begin, begin + 4096)).chain([
        b"torn".to_vec(),
        Vec::new(),
        whole[..whole.len() - 1].to_vec(),
    ]);
    for damaged in damaged {
        fs::write(&file, &damaged).unwrap();
        let refused = code.component(&engine, NO_COMPONENT, &digest(0));
        assert!(refused.is_err(), "damaged code was run");
        code.component(&engine, EMPTY, &digest(0)).unwrap();
        assert_eq!(fs::read(&file).unwrap(), whole);
    }
}

#[test]
fn code_under_another_name_is_not_run() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
    let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
    code.component(&engine, EMPTY, &digest(0)).unwrap();
    let [from, to] = [0, 1].map(|number| folder.path().join(file_name(&engine, &digest(number))));
    fs::copy(from, to).unwrap();
    let refused = code.component(&engine, NO_COMPONENT, &digest(1));
    assert!(refused.is_err(), "another component's code was run");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_to_is_not_used() {
    for mode in [0o777, 0o1777, 0o775, 0o702] {
        let (folder, engine) = planted();
        set_mode(folder.path(), mode);
        let refused = CompiledCode::in_folder(folder.path().to_owned()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{mode:o}");
        // An engine does without.
        let provider_engine = super::super::ProviderEngine::builder()
            .instances(1)
            .cache(folder.path())
            .build()
            .unwrap();
        let refused = provider_engine.component(NO_COMPONENT, &digest(0));
        assert!(refused.is_err(), "somebody else's code was run");
        drop(engine);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_to_is_compiled_anew_and_replaced() {
    for mode in [0o666, 0o620] {
        let (folder, engine) = planted();
        let file = folder.path().join(file_name(&engine, &digest(0)));
        set_mode(&file, mode);
        let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
        let refused = code.component(&engine, NO_COMPONENT, &digest(0));
        assert!(refused.is_err(), "somebody else's code was run");
        code.component(&engine, EMPTY, &digest(0)).unwrap();
        code.component(&engine, NO_COMPONENT, &digest(0)).unwrap();
    }
}

/// With a user that this process is not, which needs no second one on this machine.
#[cfg(unix)]
#[test]
fn another_users_folder_is_not_used() {
    let (folder, _) = planted();
    let refused = CompiledCode::of(folder.path().to_owned(), Owner::another_user()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    assert!(refused.to_string().contains("belongs to the user"));
}

/// With a second user, where this one may give files away.
#[cfg(unix)]
#[test]
fn another_users_code_is_not_run() {
    use std::os::unix::fs::chown;
    let (folder, engine) = planted();
    let file = folder.path().join(file_name(&engine, &digest(0)));
    let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
    if chown(&file, Some(12_345), None).is_err() {
        return;
    }
    let refused = code.component(&engine, NO_COMPONENT, &digest(0));
    assert!(refused.is_err(), "somebody else's code was run");
    chown(folder.path(), Some(12_345), None).unwrap();
    let refused = CompiledCode::in_folder(folder.path().to_owned()).unwrap_err();
    assert!(refused.to_string().contains("belongs to the user 12345"));
}

#[test]
fn engines_with_other_settings_have_files_of_their_own() {
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let other = Engine::new(&config).unwrap();
    assert_ne!(
        file_name(&Engine::default(), "digest"),
        file_name(&other, "digest")
    );
}

#[test]
fn the_oldest_of_our_own_files_go_and_no_others() {
    let (folder, engine) = (tempfile::tempdir().unwrap(), Engine::default());
    let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
    let age = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    };
    let foreign: Vec<PathBuf> = (0..60)
        .map(|number| match number % 4 {
            0 => format!("thesis-{number}.txt"),
            1 => format!("{number}.cwasm"),
            2 => format!("{}.cwasm", digest(number)),
            _ => format!("{}-{number}.cwasm", digest(number)),
        })
        .map(|name| folder.path().join(name))
        .collect();
    for file in &foreign {
        fs::write(file, "").unwrap();
        age(file);
    }
    // A run that was broken off left it.
    let partial = folder
        .path()
        .join(format!("{PARTIAL_PREFIX}x{PARTIAL_SUFFIX}"));
    fs::write(&partial, "").unwrap();
    age(&partial);
    let oldest = folder.path().join(file_name(&engine, &digest(0)));
    for number in 0..=MAX_FILES {
        code.component(&engine, EMPTY, &digest(number)).unwrap();
        if number == 0 {
            age(&oldest);
        }
    }
    assert_eq!(files(folder.path()).len(), MAX_FILES + foreign.len());
    assert!(foreign.iter().all(|file| file.exists()));
    assert!(!partial.exists());
    assert!(!oldest.exists());
}

/// A folder with code that would be run.
#[cfg(unix)]
fn planted() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    // The pool's settings are not part of what is compiled.
    let engine = super::super::engine_with(super::super::pooling(1)).unwrap();
    let code = CompiledCode::in_folder(folder.path().to_owned()).unwrap();
    code.component(&engine, EMPTY, &digest(0)).unwrap();
    code.component(&engine, NO_COMPONENT, &digest(0)).unwrap();
    (folder, engine)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A digest like those of components.
fn digest(number: usize) -> String {
    format!("{number:064x}")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
