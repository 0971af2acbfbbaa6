
//! The real binary and the whole library, from outside.

mod pipelines; // pipeline files as data: goldens, problems, the samples, real files
