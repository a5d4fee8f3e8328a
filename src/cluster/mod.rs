//! The cluster as the rules see it: a watch cache that implements [`crate::objects::ObjectSet`], direct reads, and
//! `kubelint scan`. The only room that knows the API server.
