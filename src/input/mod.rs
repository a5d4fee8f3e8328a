//! Where manifests come from: files, directories, standard input, charts and kustomizations.
