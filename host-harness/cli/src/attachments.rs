//! Images and documents that go with a prompt.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use provider_host::contract::types::{BlockContent, ContentBlock, File, FileSource, Image};

use super::args::RequestArguments;
use super::failure::Failure;
use super::files;

/// The most bytes of an image or a document. In base64 that is 27 MiB, which leaves room for a conversation in the largest
/// request that the sandbox holds; the service takes no larger images either.
const MAX_ATTACHMENT_BYTES: usize = 20 * 1024 * 1024;

/// What `--image` and `--file` name: images first, each kind in its order.
pub(super) fn of(arguments: &RequestArguments) -> Result<Vec<ContentBlock>, Failure> {
    let images = arguments.image.iter().map(|source| image(source));
    let files = arguments.file.iter().map(|source| file(source));
    images.chain(files).collect()
}

/// An image from a file or an address.
pub(super) fn image(source: &str) -> Result<ContentBlock, Failure> {
    if is_address(source) {
        return Ok(image_block(FileSource::Url(source.to_owned()), None));
    }
    let bytes = read(source)?;
    let Some(media_type) = image_type(&bytes) else {
        return Err(Failure::Usage(format!(
            "{source}: neither PNG, JPEG, GIF nor WebP, which are the images that the service takes; convert it, or send it \
             as a document"
        )));
    };
    let data = FileSource::Base64(STANDARD.encode(bytes));
    Ok(image_block(data, Some(media_type)))
}

fn image_block(source: FileSource, media_type: Option<&str>) -> ContentBlock {
    ContentBlock::new(BlockContent::Image(Image {
        source: Some(source),
        media_type: media_type.map(str::to_owned),
        detail: None,
        extensions: None,
    }))
}

/// A document from a file or an address.
pub(super) fn file(source: &str) -> Result<ContentBlock, Failure> {
    if is_address(source) {
        return Ok(ContentBlock::new(BlockContent::File(File {
            filename: None,
            media_type: None,
            source: FileSource::Url(source.to_owned()),
        })));
    }
    let bytes = read(source)?;
    let name = Path::new(source).file_name();
    Ok(ContentBlock::new(BlockContent::File(File {
        filename: name.map(|name| name.to_string_lossy().into_owned()),
        media_type: Some(file_type(source).to_owned()),
        source: FileSource::Base64(STANDARD.encode(bytes)),
    })))
}

fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let bytes = files::bytes(path.as_ref(), MAX_ATTACHMENT_BYTES)?;
    match bytes.is_empty() {
        true => Err(Failure::Usage(format!("{path}: the file is empty"))),
        false => Ok(bytes),
    }
}

/// By the first bytes: a name may lie, and the service looks at these too.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// By the name: the formats of documents have no first bytes in common.
fn file_type(path: &str) -> &'static str {
    let extension = Path::new(path).extension().unwrap_or_default();
    let known = FILE_TYPES
        .iter()
        .find(|(known, _)| extension.eq_ignore_ascii_case(known));
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

const FILE_TYPES: [(&str, &str); 14] = [
    ("csv", "text/csv"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_image_is_what_its_first_bytes_say_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.txt");
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"GIF87a", "image/gif"),
            (b"GIF89a.", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            fs::write(&path, bytes).unwrap();
            let data = FileSource::Base64(STANDARD.encode(bytes));
            assert_eq!(
                image(path.to_str().unwrap()).unwrap(),
                image_block(data, Some(media_type))
            );
        }
        for bytes in [&b"<svg/>"[..], b"BM", b"RIFF\0\0\0\0WAVE", b"\x89PN"] {
            fs::write(&path, bytes).unwrap();
            let error = image(path.to_str().unwrap()).unwrap_err().to_string();
            assert!(error.contains("picture.txt: neither PNG"), "{error}");
        }
    }

    #[test]
    fn addresses_are_sent_as_they_are() {
        let address = "https://pictures.example/cat.png?size=1";
        assert_eq!(
            image(address).unwrap(),
            image_block(FileSource::Url(address.to_owned()), None)
        );
        let expected = BlockContent::File(File {
            filename: None,
            media_type: None,
            source: FileSource::Url(address.to_owned()),
        });
        assert_eq!(file(address).unwrap().content, expected);
    }

    #[test]
    fn a_document_has_its_name_and_the_media_type_of_that() {
        let folder = tempfile::tempdir().unwrap();
        for (name, media_type) in [
            ("a.pdf", "application/pdf"),
            ("a.PDF", "application/pdf"),
            ("notes.txt", "text/plain"),
            ("readme.md", "text/markdown"),
            ("table.csv", "text/csv"),
            ("data.json", "application/json"),
            ("program.exe", "application/octet-stream"),
            ("Makefile", "application/octet-stream"),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, "abc").unwrap();
            let expected = BlockContent::File(File {
                filename: Some(name.to_owned()),
                media_type: Some(media_type.to_owned()),
                source: FileSource::Base64("YWJj".to_owned()),
            });
            assert_eq!(file(path.to_str().unwrap()).unwrap().content, expected);
        }
    }

    #[test]
    fn what_cannot_be_attached_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.png");
        let source = path.to_str().unwrap();
        let error = |result: Result<ContentBlock, Failure>| result.unwrap_err().to_string();
        assert!(error(image(source)).contains("cannot read"));

        fs::write(&path, "").unwrap();
        assert!(error(file(source)).ends_with("large.png: the file is empty"));

        // A file of that length that takes no place on the disk.
        let large = fs::File::create(&path).unwrap();
        large.set_len(MAX_ATTACHMENT_BYTES as u64 + 1).unwrap();
        assert!(error(image(source)).ends_with(
            "large.png: it has more than 20971520 bytes, which is the most that is taken"
        ));
    }
}
