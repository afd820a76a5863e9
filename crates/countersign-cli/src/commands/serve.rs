//! `countersign serve`: the server of a configuration.

use std::sync::Arc;

use annotate_snippets::Renderer;
use tokio::task::JoinSet;

use crate::cli::Common;
use crate::failure::Failure;
use crate::housekeeping::{self, Rhythm};
use crate::opening::{self, Opened};
use crate::serve;

/// Serves until the process is asked to stop.
///
/// # Errors
/// [`Failure`] if it cannot start.
pub(super) async fn run(common: &Common) -> Result<(), Failure> {
    let config = opening::configuration(common)?;
    if let Some(warnings) = config.render_warnings(&Renderer::plain()) {
        tracing::warn!("{warnings}");
    }
    let bind = config.bind;
    let public_url = config.public_url.clone();
    let stop = serve::stop_signal()?;
    let opened = opening::open(config).await?;
    let listener = serve::bind(bind, "`server.bind`").await?;
    let address = listener.local_addr().map_err(Failure::of)?;
    tracing::info!(server.address = %address, server.public_url = public_url, "serving");
    until_stopped(opened, listener, stop).await;
    Ok(())
}

/// Serves an authority until `stop` resolves, purging meanwhile what expires, then closes its store.
pub(super) async fn until_stopped(
    opened: Opened,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()>,
) {
    let (authority, store) = opened.into_parts();
    let authority = Arc::new(authority);
    let router = countersign_axum::router(Arc::clone(&authority));
    let mut chores = JoinSet::new();
    chores.spawn(housekeeping::purge_regularly(authority, Rhythm::OF_SERVERS));
    serve::run(listener, router, stop).await;
    chores.shutdown().await;
    store.close().await;
    tracing::info!("stopped");
}
