//! Refuses files that are not UTF-8, while their bytes arrive: with the line, and how to convert.

/// Looks at a file's bytes, piece by piece.
#[derive(Debug, Default)]
pub struct EncodingCheck {
    /// Complete lines so far.
    lines: usize,
    /// The begin of a character whose end has not arrived.
    carry: Vec<u8>,
    begun: bool,
}

impl EncodingCheck {
    /// Looks at the next bytes; says what is wrong with them.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        if !self.begun && !bytes.is_empty() {
            self.begun = true;
            refuse_signature(bytes)?;
        }
        let joined;
        let bytes = if self.carry.is_empty() {
            bytes
        } else {
            joined = [&self.carry, bytes].concat();
            &joined
        };
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            return Err(format!(
                "line {} holds a NUL byte, which no text has. {UTF_16}",
                self.line_at(bytes, at)
            ));
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(self.describe(bytes, error.valid_up_to())),
        };
        self.lines += count_lines(&bytes[..valid]);
        self.carry = bytes[valid..].to_vec();
        Ok(())
    }

    /// Says whether the file ends inside a character.
    pub fn finish(self) -> Result<(), String> {
        if self.carry.is_empty() {
            return Ok(());
        }
        Err(self.describe(&self.carry, 0))
    }

    fn line_at(&self, bytes: &[u8], at: usize) -> usize {
        self.lines + count_lines(&bytes[..at]) + 1
    }

    fn describe(&self, bytes: &[u8], at: usize) -> String {
        format!(
            "line {} holds the byte 0x{:02X}, which is not UTF-8 there; the file is probably in \
             Latin-1 or Windows-1252. Convert it, for example with: \
             iconv -f WINDOWS-1252 -t UTF-8 old > new",
            self.line_at(bytes, at),
            bytes[at],
        )
    }
}

/// How to convert.
const UTF_16: &str = "If it is in UTF-16, convert it, for example with: \
     iconv -f UTF-16 -t UTF-8 old > new";

fn refuse_signature(bytes: &[u8]) -> Result<(), String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(format!("line 1 begins with the mark of UTF-16. {UTF_16}"));
    }
    if bytes.starts_with(b"PAR1") {
        return Err("this is a Parquet file: export it as JSONL first".to_owned());
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b") {
        return Err("this file is compressed: unpack it first".to_owned());
    }
    Ok(())
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]]) -> Result<(), String> {
        let mut check = EncodingCheck::default();
        for piece in pieces {
            check.feed(piece)?;
        }
        check.finish()
    }

    #[test]
    fn a_character_may_be_cut_between_pieces() {
        assert_eq!(check(&["a\nä€😀".as_bytes()]), Ok(()));
        for cut in 0..12 {
            let (head, tail) = "a\nä€😀!".as_bytes().split_at(cut);
            assert_eq!(check(&[head, tail]), Ok(()));
        }
    }

    #[test]
    fn other_encodings_are_named_with_the_line() {
        let latin = check(&[b"a\nb\nx", b"\xe9 y\n"]).unwrap_err();
        assert!(
            latin.starts_with("line 3") && latin.contains("WINDOWS-1252"),
            "{latin}"
        );
        assert!(check(&[b"\xff\xfea\0"]).unwrap_err().contains("UTF-16"));
        assert!(check(&[b"\na\0b\0"]).unwrap_err().starts_with("line 2"));
        assert!(check(&[b"a\xe2\x82"]).unwrap_err().starts_with("line 1"));
        assert!(check(&[b"PAR1"]).unwrap_err().contains("Parquet"));
    }
}
