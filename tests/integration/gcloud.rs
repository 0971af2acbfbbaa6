//! gcloud
