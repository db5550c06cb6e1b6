//! Text, images and files.

use super::*;
use crate::contract::types::{File, FileSource};
use crate::core::item::{Content, ItemKind, Source};

#[test]
fn base64_is_checked_and_loses_its_white_space() {
    for (data, sent) in [
        ("QUJD", Some("QUJD")),
        ("QUI=", Some("QUI=")),
        ("QQ==", Some("QQ==")),
        ("+/09", Some("+/09")),
        ("QU\r\n JD\t", Some("QUJD")),
        ("Q UI\n=", Some("QUI=")),
        ("", None),
        (" \n", None),
        ("QUJ", None),
        ("QUJDR", None),
        ("Q===", None),
        ("====", None),
        ("QU=D", None),
        ("QUI=QUI=", None),
        ("QU-_", None),
        ("QUJ\u{e9}", None),
        ("data:image/png;base64,QUJD", None),
    ] {
        let source = json!({ "type": "base64", "media_type": "image/png", "data": data });
        let translated = translated(&request(vec![image(&source)]));
        match (translated, sent) {
            (Ok(translated), Some(sent)) => assert_eq!(
                translated.body.to_value()["input"][0]["content"][0],
                json!({ "type": "input_image", "image_url": format!("data:image/png;base64,{sent}") })
            ),
            (Err(error), None) => {
                assert_eq!(error.kind, ErrorKind::InvalidRequest);
                let place = match data {
                    "" => "messages[0].content[0].source: ",
                    _ => "messages[0].content[0]: ",
                };
                assert!(error.message.starts_with(place), "{}", error.message);
            }
            (found, _) => panic!("{data:?}: {found:?}"),
        }
    }
}

#[test]
fn an_images_type_is_told_from_its_beginning() {
    for (data, media_type) in [
        ("/9j/AAAA", "image/jpeg"),
        ("iVBORw0K", "image/png"),
        ("\niVBORw0K", "image/png"),
        ("R0lGODlh", "image/gif"),
        ("UklGRgAA", "image/webp"),
        ("AAAA", "image/jpeg"),
    ] {
        let translated = translated(&request(vec![image(&json!({ "data": data }))])).unwrap();
        let url = translated.body.to_value()["input"][0]["content"][0]["image_url"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(url, format!("data:{media_type};base64,{}", data.trim()));
    }
}

#[test]
fn a_file_has_a_name_beside_its_bytes() {
    for (media_type, expected) in [
        (None, "file.pdf"),
        (Some("application/pdf"), "file.pdf"),
        (Some("text/plain"), "file.txt"),
        (Some("text/markdown"), "file.md"),
        (Some("text/csv"), "file.csv"),
        (Some("pdf"), "file.pdf"),
    ] {
        let file = BlockContent::File(File {
            filename: None,
            media_type: media_type.map(str::to_owned),
            source: FileSource::Base64("QUJD".into()),
        });
        let translated = translated(&request(vec![blocks(Role::User, vec![file])])).unwrap();
        let part = &translated.body.to_value()["input"][0]["content"][0];
        assert_eq!(part["filename"], expected);
        let media_type = media_type.unwrap_or("application/pdf");
        assert_eq!(
            part["file_data"],
            json!(format!("data:{media_type};base64,QUJD"))
        );
    }
}

#[test]
fn an_image_of_thirty_megabytes_is_copied_once() {
    let data = "QUJD".repeat(10_000_000);
    let source = picture(FileSource::Base64(data.clone()));
    let request = request(vec![blocks(Role::User, vec![BlockContent::Image(source)])]);
    let Translated { body, .. } = translated(&request).unwrap();
    let ItemKind::Message(message) = &body.input[0] else {
        panic!("no message");
    };
    let Content::Image {
        source: Source::Url(url),
        ..
    } = &message.parts[0].content
    else {
        panic!("no URL");
    };
    assert_eq!(url.len(), data.len() + "data:image/jpeg;base64,".len());
    assert_eq!(url.capacity(), url.len(), "it grew while it was made");
}

fn image(source: &Value) -> Message {
    let text = |key: &str| source[key].as_str().map(str::to_owned);
    let image = Image {
        source: None
            .or(text("data").map(FileSource::Base64))
            .or(text("url").map(FileSource::Url))
            .or(text("file_id").map(FileSource::FileId)),
        media_type: text("media_type"),
        detail: text("detail"),
        extensions: Some(source.to_string()),
    };
    blocks(Role::User, vec![BlockContent::Image(image)])
}
