"""Functions, classes and their comments become blocks, in every language with a grammar."""

from __future__ import annotations

import textwrap

import pytest
from ask.indexer.documents import Block, Document
from ask.indexer.errors import Unreadable
from ask.indexer.extract import Source, read

SAMPLES: dict[str, tuple[str, str, str]] = {
    # file: (language, definitions expected, source)
    "a.py": (
        "python",
        "hi Kettle Kettle.boil Kettle.Lid Kettle.Lid.open",
        """
        import os

        # Greets.
        @deco
        def hi(name):
            return name

        class Kettle(Pot):
            '''Boils water.'''

            volume = 1

            async def boil(self):
                pass

            class Lid:
                def open(self): return 1
        """,
    ),
    "a.js": (
        "javascript",
        "add arrow Kettle Kettle.boil Kettle.prototype.pour helper other inner",
        """
        import x from "y";
        // Adds.
        export function add(a, b) {
          return a + b;
        }
        const arrow = async (x) => {
          return x;
        };
        class Kettle extends Pot {
          boil() {
            return 2;
          }
        }
        Kettle.prototype.pour = function () {
          return 1;
        };
        module.exports = {
          helper() {
            return 1;
          },
          other: function () {
            return 2;
          },
        };
        (function () {
          function inner() {
            return 3;
          }
        })();
        """,
    ),
    "a.ts": (
        "typescript",
        "Shape Id Colour Kettle Kettle.constructor Kettle.boil Space Space.fly",
        """
        export interface Shape {
          area(): number;
        }
        export type Id = {
          a: string;
        };
        enum Colour {
          Red,
        }
        export abstract class Kettle implements Shape {
          constructor(private r: number) {
            super();
          }
          @memo()
          boil(): number {
            return 3;
          }
        }
        namespace Space {
          export function fly(): void {
            return;
          }
        }
        """,
    ),
    "a.tsx": ("typescript", "Page", "export const Page = () => {\n  return <p>hi</p>;\n};\n"),
    "a.java": (
        "java",
        "Kettle Kettle.Kettle Kettle.boil Kettle.State Point",
        """
        package kitchen;
        /** Boils. */
        @Entity
        public class Kettle {
            private int litres;
            // Makes one.
            public Kettle() {
                litres = 1;
            }
            @Override
            public String boil() {
                return "";
            }
            enum State { COLD, HOT }
        }
        record Point(int x) {
        }
        """,
    ),
    "a.c": (
        "c",
        "MAX point pair_t colour find main",
        """
        #include <stdio.h>
        #define MAX(a,b) ((a)>(b)?(a):(b))
        /* A point
           in space */
        struct point {
            int x;
        };
        typedef struct {
            int y;
        } pair_t;
        enum colour { RED };
        static int *find(const char *s, int n)
        {
            return 0;
        }
        #ifdef X
        int main(int argc, char **argv) {
            return 0;
        }
        #endif
        """,
    ),
    "a.h": ("c++", "geo geo.Shape geo.Shape.area", "namespace geo {\nclass Shape {\n  int area() {\n  }\n};\n}\n"),
    "a.cpp": (
        "c++",
        "geo geo.Kettle geo.Kettle.Kettle geo.Kettle.~Kettle geo.Kettle.boil geo.Kettle<int>::pour main",
        """
        namespace geo {
        // A kettle.
        template <typename T>
        class Kettle {
        public:
            Kettle() : a(1) {
            }
            virtual ~Kettle() {
            }
            T boil() const {
                return a;
            }
        };
        int Kettle<int>::pour(int x) {
            return x;
        }
        }
        int main() {
            return 0;
        }
        """,
    ),
    "a.cs": (
        "c#",
        "Kitchen Kitchen.Kettle Kitchen.Kettle.Boil Kitchen.State",
        """
        using System;
        namespace Kitchen {
            /// <summary>Boils</summary>
            [Serializable]
            public class Kettle : Pot {
                public int Litres { get; set; }
                public void Boil(int a) {
                    Console.WriteLine(a);
                }
            }
            public enum State { Cold, Hot }
        }
        """,
    ),
    "a.go": (
        "go",
        "Kettle Boil main",
        """
        package main

        // Kettle boils.
        type Kettle struct {
            X int
        }

        // Boil boils.
        func (k *Kettle) Boil(q int) {
            k.X += q
        }

        func main() {
        }
        """,
    ),
    "a.rs": (
        "rust",
        "Kettle Kettle Kettle.new Boils sq inner inner.go main",
        """
        use std::io;

        /// A kettle.
        #[derive(Debug)]
        pub struct Kettle {
            x: i32,
        }

        impl Kettle {
            /// Makes one.
            pub fn new() -> Self {
                Kettle { x: 0 }
            }
        }

        trait Boils {
            fn boil(&self) -> f64;
        }

        macro_rules! sq {
            ($x:expr) => { $x * $x };
        }

        mod inner {
            fn go() {
            }
        }

        fn main() {
        }
        """,
    ),
    "a.rb": (
        "ruby",
        "Kettle Kettle.initialize Kettle.make M M.go",
        """
        # Boils.
        class Kettle < Pot
          def initialize(a)
            @a = a
          end

          def self.make
            new(1)
          end
        end

        module M
          def go; end
        end
        """,
    ),
    "a.php": (
        "php",
        "Kettle Kettle.boil pour",
        """
        <?php
        /** Boils. */
        class Kettle {
            public function boil($x) {
                return $x;
            }
        }
        function pour() {
            return 1;
        }
        """,
    ),
    "a.sh": (
        "shell",
        "backup other",
        """
        # Backs up.
        backup() {
          tar czf x.tgz "$1"
        }
        function other {
          echo x
        }
        """,
    ),
    "a.lua": (
        "lua",
        "M.hello helper M.other",
        """
        local M = {}
        -- Greets.
        function M.hello(name)
          return "x"
        end
        local function helper()
          return 1
        end
        M.other = function(a)
          return a
        end
        """,
    ),
    "a.pm": (
        "perl",
        "new run",
        "package Kettle;\nsub new {\n  return 1;\n}\nsub run { my ($s) = @_;\n  return 1;\n}\n",
    ),
    "a.kt": (
        "kotlin",
        "Kettle Kettle.boil Kettle.make Single Single.go main",
        """
        /** Boils. */
        data class Kettle(val name: String) {
            fun boil(): String {
                return "x"
            }
            companion object {
                fun make() = Kettle("x")
            }
        }
        object Single {
            fun go() {
            }
        }
        fun main() {
            println("x")
        }
        """,
    ),
    "a.scala": (
        "scala",
        "Kettle Kettle.boil Kettle Kettle.apply",
        """
        class Kettle(a: Int) extends Pot {
          def boil(x: Int): Int = {
            x
          }
        }
        object Kettle {
          def apply() = new Kettle(1)
        }
        """,
    ),
    "a.swift": (
        "swift",
        "Kettle Kettle.init Kettle.boil Lid Lid.open top",
        """
        class Kettle: Pot {
            var x = 1
            init(a: Int) {
                x = a
            }
            func boil() -> Int {
                return x
            }
        }
        struct Lid {
            func open() {
            }
        }
        func top() {
            print("x")
        }
        """,
    ),
    "a.sql": (
        "sql",
        "people add",
        "CREATE TABLE IF NOT EXISTS people (\n  id INTEGER\n);\n\ncreate or replace function add(a int) returns int;\n",
    ),
    "a.pas": (
        "pascal",
        "Pozdrav Soucet",
        "procedure Pozdrav;\nbegin\nend;\n\nfunction Soucet: integer;\nbegin\nend;\n",
    ),
    "Makefile": ("make", "", "all: main.o\n\tgcc -o main main.o\n\nclean:\n\trm -f *.o\n"),
}


def read_one(name: str, text: str) -> Document:
    (document,) = read(Source(text.encode(), name))
    return document


def symbols(document: Document) -> list[str]:
    """Dotted names of all definitions, in order."""
    return [".".join((*_around(block), block.symbol)) for block in document.blocks if block.symbol]


def _around(block: Block) -> tuple[str, ...]:
    """Names around a definition. The first lines of a class carry its own name as last heading."""
    return block.heading if block.whole else block.heading[:-1]


def text_of(document: Document, symbol: str) -> str:
    return next(document.text[b.start : b.end] for b in document.blocks if b.symbol == symbol)


@pytest.mark.parametrize("name", SAMPLES)
def test_definitions_are_found(name: str) -> None:
    language, expected, source = SAMPLES[name]
    document = read_one(name, textwrap.dedent(source))
    assert document.language == language
    assert symbols(document) == expected.split()


def test_comments_and_decorators_belong_to_what_follows() -> None:
    document = read_one("a.py", textwrap.dedent(SAMPLES["a.py"][2]))
    assert text_of(document, "hi") == "# Greets.\n@deco\ndef hi(name):\n    return name"
    document = read_one("a.c", textwrap.dedent(SAMPLES["a.c"][2]))
    assert text_of(document, "point").startswith("/* A point\n   in space */\nstruct point {")
    document = read_one("a.rs", textwrap.dedent(SAMPLES["a.rs"][2]))
    assert text_of(document, "Kettle").startswith("/// A kettle.\n#[derive(Debug)]\npub struct")
    assert text_of(document, "new").startswith("    /// Makes one.\n    pub fn new()")


def test_a_comment_behind_code_is_not_the_next_functions() -> None:
    document = read_one("a.py", "x = 1  # the unknown\ndef f():\n    return x\n")
    assert text_of(document, "f") == "def f():\n    return x"


def test_offsets_count_code_points() -> None:
    document = read_one(
        "a.py", '"""Příliš žluťoučký 🐎."""\n\ndef kůň():\n    return "ď"\n\ndef pes():\n    return 2\n'
    )
    assert text_of(document, "kůň") == 'def kůň():\n    return "ď"'
    assert text_of(document, "pes") == "def pes():\n    return 2"


def test_a_long_function_is_cut_and_keeps_its_name() -> None:
    body = "\n\n".join(f"    step_{n} = {n}  # one of many steps" for n in range(60))
    document = read_one("a.py", f"def long():\n{body}\n    def inner():\n        pass\n    return inner\n")
    assert len(document.blocks) > 50
    assert {block.heading[:1] for block in document.blocks} == {("long",)}
    assert document.blocks[0].symbol == "long"
    assert "inner" in [block.symbol for block in document.blocks]


def test_text_that_does_not_parse_is_cut_at_blank_lines() -> None:
    document = read_one("a.py", "this is (not python\n\nat all {{{\n\ndef broken(\n")
    assert [document.text[b.start : b.end] for b in document.blocks] == [
        "this is (not python",
        "at all {{{",
        "def broken(",
    ]


def test_deep_nesting_does_no_harm() -> None:
    read_one("a.py", "(\n" * 20_000 + ")\n" * 20_000)
    read_one("a.js", "".join(f"class C{n} {{ m() {{\nreturn " for n in range(2_000)))


def test_a_very_long_file_is_cut_at_blank_lines() -> None:
    document = read_one("a.py", "def f():\n    pass\n\n" * 60_000)
    assert len(document.blocks) == 60_000
    assert not any(block.whole for block in document.blocks)


def test_markup_under_the_name_of_code() -> None:
    # Qt's translations are called .ts; parsers of code take long over them.
    translations = '<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS>\n<source>Kettle</source>\n</TS>\n'
    assert read_one("app_cs.ts", translations).text == "source: Kettle"
    assert read_one("page.lua", "<p>\n<b>Kettle</b>\n").blocks


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("tool.py", "#!/usr/bin/env python3\ndef f(): pass\n", "script"),
        ("tool", "#!/usr/bin/perl -w\nprint 1;\n", "script"),
        ("tool", "#!/usr/bin/env -S python3.11 -u\nprint(1)\n", "script"),
        ("notes.txt", "#!/bin/sh\nls\n", "script"),
        ("a.sh", "ls\n", "script"),
        ("a.py", "import os\nfor x in os.listdir():\n    print(x)\n", "script"),
        ("a.py", "import os\n\ndef f():\n    return os.name\n\nif __name__ == '__main__':\n    f()\n", "script"),
        ("a.py", "try:\n    import os\nexcept ImportError:\n    os = None\n\ndef f():\n    return os\n", "code"),
        ("a.js", "console.log(1);\n", "script"),
        ("a.js", "import fs from 'fs';\nsetup();\nexport const f = () => {\n};\n", "code"),
        ("a.c", "int main() {\n}\n", "code"),
        ("a.php", "<?php echo 1;\n", "script"),
    ],
)
def test_scripts_are_told_from_parts_of_programs(name: str, text: str, kind: str) -> None:
    assert read_one(name, text).kind == kind


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("#!/usr/bin/env python3", "python"),
        ("#! /usr/bin/python2.7 -u", "python"),
        ("#!/usr/bin/env -S node --x", "javascript"),
        ("#!/bin/zsh", "shell"),
        ("#!/opt/unheard-of", ""),
    ],
)
def test_the_interpreter_names_the_language(line: str, language: str) -> None:
    assert read_one("tool", f"{line}\nx\n").language == language


def test_minified_code_is_left_out() -> None:
    with pytest.raises(Unreadable) as caught:
        read_one("jquery.js", "/* v1 */\n" + "var a=function(b){return b+1};" * 500)
    assert caught.value.reason == "machine-written"


def test_objective_c_is_told_from_matlab() -> None:
    assert (
        read_one("a.m", "#import <Foundation/Foundation.h>\n@implementation Kettle\n@end\n").language == "objective-c"
    )
    assert read_one("a.m", "function y = square(x)\n  y = x^2;\nend\n").language == "matlab"
