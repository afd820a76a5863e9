//! The body of `POST /api/token/` at a `drf` and a `strict` server: the first line of the input is its
//! `Content-Type`, the rest the body.
//!
//! Nobody has an account, so the answer is 400, 401 or 415. As JSON, the strict server reads nothing
//! that the reader of claims refuses, and the other one all that it takes.

#![no_main]

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use countersign::Preset;
use countersign_fuzz::site::Site;
use countersign_token::ClaimsSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let line_end = data.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = data.split_at(line_end.unwrap_or(data.len()));
    let body = body.get(1..).unwrap_or_default();
    let Ok(content_type) = HeaderValue::from_bytes(content_type) else {
        return;
    };
    let [drf, strict] = SITES.with_borrow_mut(|(sites, answered)| {
        *answered += 1;
        if answered.is_multiple_of(TERM) {
            *sites = open_sites();
        }
        sites.each_ref().map(|site| {
            let mut request = Request::new(Body::from(body.to_vec()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = Uri::from_static("/api/token/");
            let head = request.headers_mut();
            head.insert(header::CONTENT_TYPE, content_type.clone());
            let reply = site.send(request);
            assert!(reply.is_in_order());
            assert!([400, 401, 415].contains(&reply.status.as_u16()));
            reply.status == StatusCode::UNAUTHORIZED
        })
    });
    if content_type == "application/json" {
        let claims = str::from_utf8(body).map(ClaimsSet::parse);
        let claims = claims.ok().and_then(Result::ok);
        let all = |fits: fn(&str) -> bool| {
            claims.as_ref().is_some_and(|claims| {
                ["username", "password"].into_iter().all(|name| {
                    let text = claims.get::<String>(name).and_then(Result::ok);
                    text.is_some_and(|text| fits(&text))
                })
            })
        };
        assert!(!strict || all(|text| !text.is_empty() && !text.contains('\0')));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        assert!(drf || !all(plain));
    }
});

thread_local! {
    static SITES: RefCell<([Site; 2], u32)> = RefCell::new((open_sites(), 0));
}

fn open_sites() -> [Site; 2] {
    [Preset::SimpleJwt, Preset::Modern].map(Site::new)
}

/// Requests after which new servers take over: the store in memory keeps its audit log for ever.
const TERM: u32 = 20_000;
