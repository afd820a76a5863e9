//! A server under load: started in a folder of its own, and asked by many clients at once.

pub mod connection;
pub mod load;
pub mod server;
