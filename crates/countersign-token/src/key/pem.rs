//! PEM (RFC 7468): exactly one block, and a useful word about every block that is not the right one.

use pem_rfc7468::Decoder;
use zeroize::Zeroizing;

use super::der::{self, Form};
use super::error::KeyError;

/// One decoded block: its label, and the one DER value in it.
pub(super) struct Block<'a> {
    label: &'a str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

impl<'a> Block<'a> {
    /// Reads a text that is one block and, around it, nothing but white space.
    pub(super) fn parse(text: &'a str) -> Result<Self, KeyError> {
        let text = text.trim_ascii();
        match text.matches(BEGIN).count() {
            0 => return Err(KeyError::Pem(without_block(text))),
            1 if text.starts_with(BEGIN) => {}
            1 => return Err(KeyError::Pem("text stands before the -----BEGIN line")),
            _ if text.starts_with("-----BEGIN EC PARAMETERS") => {
                return Err(KeyError::Pem(
                    "remove the block EC PARAMETERS before the key",
                ));
            }
            _ => return Err(KeyError::Pem("there is more than one -----BEGIN line")),
        }
        let unreadable = |_| KeyError::Pem(unreadable(text));
        let mut decoder = Decoder::new_detect_wrap(text.as_bytes()).map_err(unreadable)?;
        let label = decoder.type_label();
        // Room for all of it beforehand: a vector that grows leaves copies of a private key behind.
        let mut der = Zeroizing::new(Vec::with_capacity(decoder.remaining_len()));
        decoder.decode_to_end(&mut der).map_err(unreadable)?;
        if !der::is_one_sequence(&der) {
            return Err(KeyError::TrailingBytes);
        }
        Ok(Self { label, der })
    }

    /// Whether the block holds what its label promises; `None` if the label is that of no key.
    pub(super) fn check_label(&self) -> Option<Result<(), KeyError>> {
        let promised = match self.label {
            "PRIVATE KEY" => Form::Pkcs8,
            "RSA PRIVATE KEY" => Form::Pkcs1Private,
            "EC PRIVATE KEY" => Form::Sec1,
            "PUBLIC KEY" => Form::Spki,
            "RSA PUBLIC KEY" => Form::Pkcs1Public,
            _ => return None,
        };
        if der::form_of(&self.der) == Some(promised) {
            return Some(Ok(()));
        }
        Some(Err(KeyError::Pem(
            "its label names another structure than the block holds (convert it: openssl pkey -in KEY)",
        )))
    }

    /// What the block is, for a message.
    pub(super) fn describe(&self) -> &'static str {
        match self.label {
            "PUBLIC KEY" => der::name_of_key(&self.der).unwrap_or("a public key"),
            "PRIVATE KEY" | "EC PRIVATE KEY" => {
                der::name_of_key(&self.der).unwrap_or("a private key")
            }
            "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => der::RSA_KEY,
            "ENCRYPTED PRIVATE KEY" => {
                "an encrypted private key (decrypt it: openssl pkey -in KEY -out PLAIN)"
            }
            "OPENSSH PRIVATE KEY" => {
                "an OpenSSH key (convert a copy: ssh-keygen -p -m PKCS8 -N '' -f COPY)"
            }
            "SSH2 PUBLIC KEY" => "an SSH key (convert it: ssh-keygen -e -m PKCS8 -f KEY)",
            "CERTIFICATE" => {
                "a certificate (take its key: openssl x509 -pubkey -noout -in CERTIFICATE)"
            }
            "EC PARAMETERS" => "a block of curve parameters without a key",
            _ => "a block of another kind",
        }
    }
}

/// What a text is that has no block.
fn without_block(text: &str) -> &'static str {
    if text.starts_with('{') {
        return "it is JSON; read it as a JWK";
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("---- BEGIN")
    {
        return "it is an SSH key (convert it: ssh-keygen -e -m PKCS8 -f KEY)";
    }
    "there is no -----BEGIN line"
}

fn unreadable(text: &str) -> &'static str {
    if text.contains("Proc-Type:") {
        return "it is encrypted or has other headers (decrypt it: openssl pkey -in KEY -out PLAIN)";
    }
    "its lines are damaged"
}

const BEGIN: &str = "-----BEGIN ";
