//! Files that hold a secret and little else.

use std::io;
use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Reads a file that has at most so many bytes.
pub(in crate::credentials) async fn read_small_file(
    path: &Path,
    limit: usize,
) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut file = File::open(path).await?.take(limit as u64 + 1);
    file.read_to_end(&mut content).await?;
    if content.len() > limit {
        let message = format!("it has more than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}
