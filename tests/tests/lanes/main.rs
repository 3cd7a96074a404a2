//! Commands for one count go together, and none of them notices: not by its answer, nor by its place, nor by what becomes
//! of the others.

mod lane;
mod together;
mod trouble;
