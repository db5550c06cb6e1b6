//! The form of a file with compiled code: a header, and the code.

/// What comes before the code: what the file is, and a checksum.
///
/// The checksum is for accidents, such as a machine that lost power or a disk that lost a page; against whoever could write to
/// the file it would be of no use, so that a cyclic one does.
/// The file's name is in it, so that code under another name is not taken for that one's.
pub(super) struct Sealed;

impl Sealed {
    /// The header of a file with this name and this code.
    pub(super) fn header(name: &str, code: &[u8]) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend((code.len() as u64).to_le_bytes());
        header.extend(checksum(name, code).to_le_bytes());
        header
    }

    /// The code in a file of this name, if it is whole.
    pub(super) fn code<'a>(name: &str, content: &'a [u8]) -> Option<&'a [u8]> {
        let (length, content) = content.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (expected, code) = content.split_first_chunk()?;
        let is_whole = u64::from_le_bytes(*length) == code.len() as u64
            && u32::from_le_bytes(*expected) == checksum(name, code);
        is_whole.then_some(code)
    }
}

fn checksum(name: &str, code: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(code);
    hasher.finalize()
}

/// The form's name, with a number that changes with it.
const MAGIC: &[u8] = b"host-harness compiled code 1\n";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_code_is_taken_and_only_under_its_name() {
        let code = [7; 10_000];
        let mut file = Sealed::header("name", &code);
        file.extend(code);
        assert_eq!(Sealed::code("name", &file), Some(&code[..]));
        assert_eq!(Sealed::code("other", &file), None);
        for length in 0..file.len() {
            assert_eq!(Sealed::code("name", &file[..length]), None, "{length}");
        }
        let page = 4096;
        for begin in (0..file.len()).step_by(page) {
            let mut damaged = file.clone();
            let end = file.len().min(begin + page);
            damaged[begin..end].fill(0);
            assert_eq!(Sealed::code("name", &damaged), None, "{begin}");
        }
    }
}
