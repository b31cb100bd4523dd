#pragma once

/// Marks what liblamina.so offers to programs; everything else in it is hidden.
/// Goes before the name of a class (`class LAMINA_API Graph`) or before a free function's
/// declaration.
#define LAMINA_API __attribute__((visibility("default")))
