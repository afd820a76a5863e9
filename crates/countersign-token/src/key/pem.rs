//! PEM (RFC 7468): exactly one block, and a useful word about every block that is not the right one.

use pem_rfc7468::Decoder;
use zeroize::Zeroizing;

use super::der;
use super::error::KeyError;
use crate::algorithm::Algorithm;

/// One decoded block: its label, and the one DER value in it.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

impl<'a> Block<'a> {
    /// Reads a text that is one block and, around it, nothing but white space.
    pub(super) fn parse(text: &'a str) -> Result<Self, KeyError> {
        let text = text.trim_ascii();
        match text.matches(BEGIN).count() {
            0 => return Err(KeyError::Pem("there is no -----BEGIN line")),
            1 if text.starts_with(BEGIN) => {}
            1 => return Err(KeyError::Pem("text stands before the -----BEGIN line")),
            _ => return Err(KeyError::Pem("there is more than one -----BEGIN line")),
        }
        let unreadable = |_| KeyError::Pem("its lines are damaged");
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

    /// The name of the key, if it is one that `algorithm` cannot use.
    pub(super) fn names_another_key(&self, algorithm: Algorithm) -> Option<&'static str> {
        der::name_of_key(&self.der).filter(|name| match algorithm {
            Algorithm::Hs256 => true,
            Algorithm::Es256 => *name != der::P256_KEY,
            Algorithm::EdDsa => *name != der::ED25519_KEY,
        })
    }

    /// What the block is, for a message.
    pub(super) fn describe(&self) -> &'static str {
        match self.label {
            "PUBLIC KEY" => der::name_of_key(&self.der).unwrap_or("a public key"),
            "PRIVATE KEY" | "EC PRIVATE KEY" => {
                der::name_of_key(&self.der).unwrap_or("a private key")
            }
            "ENCRYPTED PRIVATE KEY" => {
                "an encrypted private key (decrypt it: openssl pkcs8 -in KEY -out PLAIN)"
            }
            "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => "an RSA key",
            "OPENSSH PRIVATE KEY" => "an OpenSSH key (convert it: ssh-keygen -p -m PKCS8 -f KEY)",
            "CERTIFICATE" => {
                "a certificate (take its key: openssl x509 -pubkey -noout -in CERTIFICATE)"
            }
            "EC PARAMETERS" => "a block of curve parameters without a key",
            _ => "a block of another kind",
        }
    }
}

const BEGIN: &str = "-----BEGIN ";
