//! Images and files: where they are, and whether what is inside the request can be one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::service::error::ApiError;

/// Checks the images and files among content parts whose shape is checked.
pub(super) fn check(content: &Value, path: &str) -> Result<(), ApiError> {
    let parts = content.as_array().into_iter().flatten();
    for (index, part) in parts.enumerate() {
        let path = format!("{path}[{index}]");
        match part["type"].as_str() {
            Some("input_file") => check_file(part, &path)?,
            Some("input_image") => check_image(part, &path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Images come by URL, inside the request, or from the service's files.
fn check_image(part: &Value, path: &str) -> Result<(), ApiError> {
    if source(part, &["image_url", "file_id"], path)? != "image_url" {
        return Ok(());
    }
    let path = format!("{path}.image_url");
    let url = part["image_url"].as_str().unwrap_or_default();
    if is_web_address(url) {
        return Ok(());
    }
    let Some((media_type, data)) = inline(url) else {
        return Err(invalid_url(&path));
    };
    if !IMAGES.contains(&media_type) {
        return Err(ApiError::invalid_request(
            Some(&path),
            Some("unsupported_image_media_type"),
            &format!(
                "Invalid '{path}'. The image's media type is '{media_type}'. Supported are: {}.",
                IMAGES.join(", ")
            ),
        ));
    }
    check_data(data, "image", "invalid_base64_image", &path)
}

/// Files come like images, but what is inside the request has a name.
fn check_file(part: &Value, path: &str) -> Result<(), ApiError> {
    match source(part, &["file_data", "file_id", "file_url"], path)? {
        "file_data" => {}
        "file_url" if !part["file_url"].as_str().is_some_and(is_web_address) => {
            return Err(invalid_url(&format!("{path}.file_url")));
        }
        _ => return Ok(()),
    }
    if part["filename"].as_str().is_none_or(str::is_empty) {
        return Err(ApiError::missing(&format!("{path}.filename")));
    }
    let path = format!("{path}.file_data");
    match part["file_data"].as_str().and_then(inline) {
        Some((media_type, data)) if media_type.contains('/') => {
            check_data(data, "file", "invalid_value", &path)
        }
        _ => Err(ApiError::invalid(
            &path,
            &format!(
                "Invalid '{path}'. Expected a base64-encoded data URL with a media type, such as \
                 'data:application/pdf;base64,...'."
            ),
        )),
    }
}

/// Which of these members says where it is. There is exactly one.
fn source<'a>(part: &Value, names: &[&'a str], path: &str) -> Result<&'a str, ApiError> {
    let is_given = |name: &&&str| !part[**name].is_null();
    let given: Vec<&str> = names.iter().filter(is_given).copied().collect();
    match given.as_slice() {
        [only] => Ok(only),
        [] => Err(ApiError::missing(&format!("{path}.{}", names[0]))),
        [first, second, ..] => Err(ApiError::invalid_request(
            Some(&format!("{path}.{second}")),
            Some("mutually_exclusive_parameters"),
            &format!(
                "Mutually exclusive parameters: '{path}.{first}' and '{path}.{second}' cannot be used together."
            ),
        )),
    }
}

fn check_data(data: &str, what: &str, code: &str, path: &str) -> Result<(), ApiError> {
    let (code, problem) = match STANDARD.decode(data) {
        Ok(bytes) if !bytes.is_empty() => return Ok(()),
        Ok(_) if what == "image" => ("empty_image_file", "is empty"),
        Ok(_) => (code, "is empty"),
        Err(_) => (code, "is not valid base64"),
    };
    Err(ApiError::invalid_request(
        Some(path),
        Some(code),
        &format!("Invalid '{path}'. The {what} {problem}."),
    ))
}

/// The media type and the base64 of a data URL.
fn inline(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("data:")?.split_once(";base64,")
}

fn is_web_address(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}

fn invalid_url(path: &str) -> ApiError {
    ApiError::invalid(
        path,
        &format!("Invalid '{path}'. Expected a valid URL, but got a value with an invalid format."),
    )
}

/// The kinds of images that models see.
const IMAGES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];
