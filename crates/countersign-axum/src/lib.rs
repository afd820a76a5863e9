//! Countersign over HTTP: SimpleJWT's endpoints and our own, as one [`axum::Router`].
//!
//! This crate knows HTTP and nothing else: it parses a request, calls one method of the
//! [`Authority`](countersign::Authority), and writes down what that said. It holds no policy, no SQL, and
//! reads no clock.
//!
//! One request, walked through:
//!
//! 1. `guard` sees every request first and every answer last: host, request id, log line, time-out, panics,
//!    security headers.
//! 2. `routes` has the whole table on one screen; each endpoint is a file under `endpoints/`.
//! 3. An extractor turns the request into values or refuses it: `Posted` for what a client submits,
//!    `SignedIn` for whoever holds an access token, `Staff` for whoever may look after others, `Administering` for
//!    whoever may administer accounts, `Owner` for whoever looks after their own sessions. All but the last two keep the order in which Django REST
//!    framework judges a request: what the client accepts, who it is, which method, what it sent.
//! 4. The endpoint calls the authority once and hands the outcome to `wire`, which alone knows what SimpleJWT's
//!    clients are used to reading, and in which language they asked for it.
//!
//! ```
//! # use std::sync::Arc;
//! # fn serve(authority: Arc<countersign::Authority>) -> axum::Router {
//! axum::Router::new()
//!     .merge(countersign_axum::token_endpoints(Arc::clone(&authority)))
//!     .merge(countersign_axum::key_endpoints(authority))
//! # }
//! ```
//!
//! # Routes of one's own
//! A [`Gate`] judges the tokens that are shown there: it asks the authority, or believes what they say where there is
//! neither authority nor database. Handlers ask for [`Bearer`] and [`Claims`], routers take the [layer](Gate::layer), and
//! [`guards`] demand a role or a verified address. `examples/guarded` has one route of each sort. [`Stateless`] is
//! SimpleJWT's user made of claims.
//!
//! # A program with users of its own
//! It brings its own table of users, its own idea of who may sign in and what tokens say, and an endpoint of its own
//! for signing in; everything else it takes as it is. This is `examples/own_users/program.rs`, which the tests run.
//!
//! ```
#![doc = include_str!("../examples/own_users/program.rs")]
//! # fn main() {}
//! ```
//!
//! # What it does not do
//! It reads no forwarding header by itself: the address of a client is what the server says in [`ClientAddress`], and
//! what [`TrustedProxies`] make of it where the server names any. It speaks no TLS, bounds no connections and no request
//! heads; that is the server's business. It renders no HTML: where a browser asks for it, it gets JSON.

/// The page on guards, so that its code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guards.md")]
mod guards_page {}

mod administering;
mod allauth_prefix;
mod api;
mod bearer;
mod body;
mod client;
mod code;
mod endpoints;
mod exchange;
mod failure;
mod gate;
mod guard;
pub mod guards;
mod headers;
mod holder;
mod language;
mod negotiation;
mod owner;
mod percent;
mod posted;
mod problem;
mod proxies;
mod routes;
mod service;
mod signed_in;
mod signed_post;
mod staff;
mod stateless;
mod wire;

pub use allauth_prefix::{AllauthPrefix, UnfitPrefix};
pub use client::ClientAddress;
pub use gate::{Gate, GateLayer, Gated};
pub use holder::{Bearer, Claims};
pub use proxies::{TrustedProxies, UnfitProxy};
pub use routes::{
    allauth_endpoints, health_endpoints, issue_endpoints, key_endpoints, paths, resource_endpoints,
    router, router_with_allauth, session_endpoints, staff_endpoints, token_endpoints,
    user_endpoints,
};
pub use stateless::{ResourceServer, Stateless};
