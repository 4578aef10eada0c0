//! HTTPS: what is agreed in a handshake, HTTP/2 and its limits, certificates that change, and what floods come to.

mod client;
mod development;
mod floods;
mod frames;
mod handshake;
mod http2;
mod limits;
mod redirect;
mod reload;
