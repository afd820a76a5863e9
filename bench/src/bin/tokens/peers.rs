//! The libraries beside ours, each given the same key and asked for the same.

pub mod jsonwebtoken;
pub mod jwt_simple;
pub mod pyjwt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A library in this process.
pub trait Library {
    /// Signs the claims.
    fn sign(&self) -> String;
    /// Whether a token is accepted.
    fn accepts(&self, token: &str) -> bool;
}

/// A PKCS#8 key as a PEM text, which is what libraries like to read.
fn pem(pkcs8: &[u8]) -> String {
    let text = STANDARD.encode(pkcs8);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|start| &text[start..text.len().min(start + 64)])
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}
