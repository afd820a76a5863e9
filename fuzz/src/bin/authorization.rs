//! The `Authorization` lines of `GET /api/me/`: any bytes that HTTP lets through, one line or several.
//!
//! Opens for `Bearer`, blanks and an access token, on one line, and for nothing else. Tokens differ in
//! each run, so `@` stands for a good access token and `#` for a good refresh token.

#![no_main]

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, Uri, header};
use countersign::Preset;
use countersign_fuzz::site::Site;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    SIGNED_IN.with_borrow(|(site, access, refresh)| {
        let lines: Vec<Vec<u8>> = data
            .split(|byte| *byte == b'\n')
            .map(|line| with_tokens(line, access, refresh))
            .collect();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static("/api/me/");
        for line in &lines {
            // Bytes that no server would hand on.
            let Ok(line) = HeaderValue::from_bytes(line) else {
                return;
            };
            request.headers_mut().append(header::AUTHORIZATION, line);
        }
        let reply = site.send(request);
        assert!(reply.is_in_order());
        let expected = match &lines[..] {
            [line] if is_good(line, access) => StatusCode::OK,
            _ => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(reply.status, expected);
    });
});

fn with_tokens(line: &[u8], access: &str, refresh: &str) -> Vec<u8> {
    line.iter()
        .flat_map(|byte| match byte {
            b'@' => access.as_bytes(),
            b'#' => refresh.as_bytes(),
            other => std::slice::from_ref(other),
        })
        .copied()
        .collect()
}

fn is_good(line: &[u8], access: &str) -> bool {
    let Ok(line) = str::from_utf8(line) else {
        return false;
    };
    line.split_ascii_whitespace().eq(["Bearer", access])
}

thread_local! {
    static SIGNED_IN: RefCell<(Site, String, String)> = RefCell::new({
        let site = Site::new(Preset::SimpleJwt);
        let (access, refresh) = site.sign_in();
        (site, access, refresh)
    });
}
