//! The embedded stand-in of the cloud that a pipeline describes.
