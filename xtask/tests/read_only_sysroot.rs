//! A toolchain that nobody can write to, as of a distribution, Nix or a container: what to do is said all the same.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

#[test]
fn setup_says_what_to_do_about_a_target_that_it_cannot_install() {
    // Nobody can write there, root neither.
    let sysroot = "/proc/sysroot";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("read-only-sysroot");
    fs::create_dir_all(&folder).unwrap();
    let rustc = folder.join("rustc");
    let script = format!(
        "#!/bin/sh\n\
         case \"$*\" in\n\
         '--print sysroot') echo {sysroot} ;;\n\
         '--print target-libdir'*) echo {sysroot}/lib/rustlib/wasm32-wasip2/lib ;;\n\
         *) echo 'rustc 1.95.0 (0000000 2026-01-01)' ;;\n\
         esac\n"
    );
    fs::write(&rustc, script).unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["setup", "wasm32-wasip2"])
        .env("RUSTC", &rustc)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("RUSTUP_AUTO_INSTALL", "0")
        // Neither rustup nor the archive's tools.
        .env("PATH", &folder)
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in [
        "the standard library of wasm32-wasip2 is missing and could not be installed",
        "rustup target add wasm32-wasip2",
        "rustup component add rust-src",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
}
