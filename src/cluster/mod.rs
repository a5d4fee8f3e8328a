//! The cluster as the rules see it: a watch cache that implements [`crate::objects::ObjectSet`], direct reads, and
//! `kubelint scan`. The only room that knows the API server.

pub mod authority;
pub mod certificates;
pub mod configurations;
pub mod events;
