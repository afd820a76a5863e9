//! `countersign serve`: the server of a configuration.

use std::sync::Arc;

use annotate_snippets::Renderer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::Common;
use crate::failure::Failure;
use crate::housekeeping::{self, Rhythm};
use crate::opening::{self, Opened};
use crate::reload::{Current, Reload, Surroundings, Values};
use crate::serve;

/// Serves until the process is asked to stop, and reads the configuration again whenever it is asked to.
///
/// # Errors
/// [`Failure`] if it cannot start.
pub(super) async fn run(common: &Common) -> Result<(), Failure> {
    // First of all: from here on a SIGHUP ends nothing.
    let hangups = serve::hangups()?;
    let config = opening::configuration(common)?;
    if let Some(warnings) = config.render_warnings(&Renderer::plain()) {
        tracing::warn!("{warnings}");
    }
    let bind = config.bind;
    let public_url = config.public_url.clone();
    let surroundings = Surroundings::of(&config);
    let in_force = Values::of(&config);
    let stop = serve::stop_signal()?;
    let opened = opening::open(config).await?;
    let listener = serve::bind(bind, "`server.bind`").await?;
    let address = listener.local_addr().map_err(Failure::of)?;
    tracing::info!(server.address = %address, server.public_url = public_url, "serving");

    let (authority, foundation) = opened.into_parts();
    let (store, deliveries) = (foundation.store(), foundation.deliveries());
    let current = Arc::new(Current::of(authority, surroundings));
    let common = common.clone();
    let read = move || opening::configuration(&common);
    let reload = Reload::new(read, in_force, foundation, Arc::clone(&current));
    let mut chores = JoinSet::new();
    chores.spawn(reload.at_every(hangups));
    until_stopped(&current, chores, listener, stop).await;
    // The last authority goes with it: nothing more is queued.
    drop(current);
    deliveries.finish().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Serves an authority until `stop` resolves, then closes its store.
pub(super) async fn without_reload(
    opened: Opened,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let (authority, foundation) = opened.into_parts();
    let (store, deliveries) = (foundation.store(), foundation.deliveries());
    let current = Arc::new(Current::of(authority, Surroundings::default()));
    until_stopped(&current, JoinSet::new(), listener, stop).await;
    drop(current);
    deliveries.finish().await;
    store.close().await;
    tracing::info!("stopped");
}

/// Serves whichever authority is the current one, purging meanwhile what expires and resting.
async fn until_stopped(
    current: &Arc<Current>,
    mut chores: JoinSet<()>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let purging = Arc::clone(current);
    chores.spawn(housekeeping::purge_regularly(
        move || purging.authority(),
        Rhythm::OF_SERVERS,
    ));
    let resting = Arc::clone(current);
    chores.spawn(housekeeping::rest_regularly(move || resting.authority()));
    serve::run(listener, current.routes(), stop).await;
    chores.shutdown().await;
}
