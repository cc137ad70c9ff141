# SPDX-License-Identifier: Apache-2.0
"""Victims that count their own calls: the same functions in C, C++ and Rust, called as they are told to.

A line on stdin is "HOW N": HOW is "call", "thread" or "fork"; "counts" prints how often each function ran."""

import os
import random
import shutil
import subprocess

C_HEAD = """#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
"""


def c_library(count, seed, same=0):
    """Functions of many shapes; each counts in memory that forked children share. Behind them three of a kind each that can
    share their code, since they do not count themselves: `same` in all."""
    dice = random.Random(seed)
    lines = [C_HEAD, "long *lib_counts;", "volatile int sink;",
             "__attribute__((constructor)) static void begin(void) { if (!lib_counts) lib_counts = mmap(0, 65536, "
             "PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }",  # a program may keep them while we are away
             "#define COUNT(n) __atomic_add_fetch(&lib_counts[n], 1, __ATOMIC_RELAXED)"]
    for n in reversed(range(count)):
        shape = dice.choice(["call", "call", "branch", "loop", "chain", "chain", "leaf", "early", "twin"])
        calls = f"lib_{dice.randrange(n + 1, count)}(x + 1)" if n < count - 1 else "getpid()"
        head = f"__attribute__((visibility(\"default\"))) int lib_{n}(int x)"
        body = {
            "call": "return getpid() + x;",
            "branch": "if (x > sink) sink = x; return sink + getppid();",
            "loop": "for (int i = 0; i < (x & 7); i++) sink += i * x; return sink;",
            "chain": f"return {calls} * 3;",  # inlines what is small
            "leaf": "sink ^= x; return sink + 1;",
            "early": f"if (x == 77) return {calls}; return x + getpid();",
            "twin": "sink += x; if (sink == 12345) abort(); return x;",
        }[shape]
        lines.append(f"{head} {{ COUNT({n}); {body} }}")
    for n in range(count, count + same):
        lines.append(f"__attribute__((visibility(\"default\"), noinline)) int lib_{n}(int x) "
                     f"{{ sink += x * {n // 3}; if (sink & 5) sink ^= x; return sink; }}")
    return "\n".join(lines) + "\n"


def c_program(count, prefix="lib_", declare=True, same=0):
    """It counts for the `same` last ones, which nobody else calls."""
    names = [f"{prefix}{n}" for n in range(count)]
    return C_HEAD + ("".join(f"int {name}(int);\n" for name in names) if declare else "") + """
extern long *lib_counts;
static int (*const all[])(int) = {""" + ", ".join(names) + f"""}};
enum {{ COUNT = {count}, SAME = {same} }};
static void *run(void *n)
{{
        if ((long)n >= COUNT - SAME)
                lib_counts[(long)n]++;
        return (void *)(long)all[(long)n](3);
}}
int main(void)
{{
        char line[64], how[16];
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {{
                int n = 0;
                sscanf(line, "%15s %d", how, &n);
                if (!strcmp(how, "counts")) {{
                        for (int i = 0; i < COUNT; i++)
                                printf("%ld ", lib_counts[i]);
                        puts("");
                        continue;
                }}
                if (!strcmp(how, "thread")) {{
                        pthread_t thread;
                        pthread_create(&thread, NULL, run, (void *)(long)n);
                        pthread_join(thread, NULL);
                }} else if (!strcmp(how, "fork")) {{
                        if (fork() == 0) {{
                                run((void *)(long)n);
                                _exit(0);
                        }}
                        wait(NULL);
                }} else {{
                        run((void *)(long)n);
                }}
                puts("done");
        }}
        return 0;
}}
"""


def c_late_program(count, path):
    """The same, but the library is loaded and left when it is told to ("open 0", "close 0"); the counts stay."""
    source = c_program(count, declare=False).replace(C_HEAD, C_HEAD + "#include <dlfcn.h>\nstatic void *library;\n")
    begin, end = source.index("static int (*const all"), source.index("enum { COUNT")
    source = source[:begin] + source[end:]
    source = source.replace("extern long *lib_counts;", "long *lib_counts; /* the library takes it for its own */")
    source = source.replace("return (void *)(long)all[(long)n](3);", """
        char name[32];
        snprintf(name, sizeof(name), "lib_%ld", (long)n);
        int (*function)(int) = (int (*)(int))dlsym(library, name);
        return (void *)(long)function(3);
""")
    return source.replace("if (!strcmp(how, \"thread\"))", f"""if (!strcmp(how, "open")) {{
                        library = dlopen("{path}", RTLD_NOW);
                }} else if (!strcmp(how, "close")) {{
                        dlclose(library);
                }} else if (!strcmp(how, "thread"))""")


def cxx_program(count):
    """One template, instantiated once for each type; methods of it are what an advisory would name."""
    lines = [C_HEAD, "long *lib_counts;", "volatile int sink;", "namespace victim {"]
    for n in range(count):
        virtual = "virtual " if n % 3 == 0 else ""
        lines.append(f"template <typename T> struct Box{n} {{ T value; __attribute__((noinline)) {virtual}int put(T x) "
                     f"{{ __atomic_add_fetch(&lib_counts[{n}], 1, __ATOMIC_RELAXED); value = x; return getpid() + (int)x; }} }};")
    lines.append("}")
    for n in range(count):
        kind = ["int", "double", "long"][n % 3]
        lines.append(f"static int box_{n}(int x) {{ victim::Box{n}<{kind}> box; return box.put(x); }}")
    lines.append("__attribute__((constructor)) static void begin(void) { lib_counts = (long *)mmap(0, 65536, PROT_READ | "
                 "PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }")
    return "\n".join(lines) + "\n" + c_program(count, "box_", declare=False)


def rust_program(count):
    """Plain functions, methods and generics of one crate."""
    lines = ["use std::io::BufRead;", "use std::sync::atomic::{AtomicU64, Ordering};",
             f"const ZERO: AtomicU64 = AtomicU64::new(0); static COUNTS: [AtomicU64; {count}] = [ZERO; {count}];",
             "fn count(n: usize) { COUNTS[n].fetch_add(1, Ordering::Relaxed); }", "mod shop {"]
    for n in range(count):
        if n % 3 == 0:
            lines.append(f"#[inline(never)] pub fn f{n}(x: u32) -> u32 {{ super::count({n}); x + std::process::id() }}")
        elif n % 3 == 1:
            lines.append(f"pub struct S{n}; impl S{n} {{ #[inline(never)] pub fn f{n}(&self, x: u32) -> u32 "
                         f"{{ super::count({n}); x + std::process::id() }} }}")
        else:
            lines.append(f"pub struct S{n}<T>(pub T); impl<T: Copy + Into<u64>> S{n}<T> {{ #[inline(never)] "
                         f"pub fn f{n}(&self, x: u32) -> u32 {{ super::count({n}); x + self.0.into() as u32 + std::process::id() }} }}")
    lines.append("}")
    arms = []
    for n in range(count):
        call = {0: f"shop::f{n}(3)", 1: f"shop::S{n}.f{n}(3)", 2: f"shop::S{n}(7u32).f{n}(3)"}[n % 3]
        arms.append(f"{n} => {call},")
    lines.append("fn run(n: usize) -> u32 { match n { " + " ".join(arms) + " _ => 0 } }")
    lines.append("""fn main() {
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == "counts" {
            let all: Vec<String> = COUNTS.iter().map(|c| c.load(Ordering::Relaxed).to_string()).collect();
            println!("{}", all.join(" "));
            continue;
        }
        let n: usize = words[1].parse().unwrap();
        if words[0] == "thread" { std::thread::spawn(move || run(n)).join().unwrap(); } else { run(n); }
        println!("done");
    }
}
""")
    return "\n".join(lines)


def rust_names(count):
    return [f"shop::f{n}" if n % 3 == 0 else f"shop::S{n}::f{n}" for n in range(count)]


GO_LIBRARY_HEAD = "package lib\n\nimport \"os\"\n\nvar Sink int\n"


def go_library(count, seed, generics=True):
    """Functions, methods and generics; a third of them are small enough to be inlined."""
    dice = random.Random(seed)
    lines, names = [GO_LIBRARY_HEAD, f"var Counts [{count}]int64\n"], []
    for n in range(count):
        kind = dice.choice(["plain", "method", "generic", "small", "small", "chain"])
        if kind == "method":
            lines.append(f"type T{n} struct{{ A int }}\n//go:noinline\nfunc (t *T{n}) F(x int) int "
                         f"{{ Counts[{n}]++; t.A += x; return os.Getpid() + t.A }}\n"
                         f"func Call{n}(x int) int {{ var t T{n}; return t.F(x) }}")
            names.append(f"T{n}.F")
        elif kind == "generic" and generics:
            lines.append(f"//go:noinline\nfunc G{n}[T any](x T) int {{ Counts[{n}]++; _ = x; return os.Getpid() }}\n"
                         f"func Call{n}(x int) int {{ return G{n}(x) + G{n}(\"a\") }}")
            names.append(f"G{n}")
        elif kind == "small":
            lines.append(f"func S{n}(x int) int {{ Counts[{n}]++; if x > Sink {{ Sink = x }}; return Sink }}\n"
                         f"//go:noinline\nfunc Call{n}(x int) int {{ return S{n}(x) + os.Getpid() }}")
            names.append(f"S{n}")
        else:
            pad = "//go:noinline\n"
            lines.append(f"{pad}func F{n}(x int) int {{ Counts[{n}]++; return x + os.Getpid() }}\n"
                         f"func Call{n}(x int) int {{ return F{n}(x) }}")
            names.append(f"F{n}")
    return "\n".join(lines) + "\n", names


def go_program(count):
    return """package main

import ("bufio"; "fmt"; "os"; "strings"; "example.com/lib")

var all = []func(int) int{""" + ", ".join(f"lib.Call{n}" for n in range(count)) + """}

func main() {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "counts" {
			for _, n := range lib.Counts { fmt.Print(n, " ") }
			fmt.Println()
			continue
		}
		var n int
		fmt.Sscan(words[1], &n)
		if words[0] == "thread" {
			done := make(chan int)
			go func() { done <- all[n](3) }()
			<-done
		} else { all[n](3) }
		fmt.Println("done")
	}
}
"""


def go_proxy(folder, source):
    """A module proxy that is a folder, with example.com/lib v1.0.0."""
    import zipfile
    base = folder / "example.com/lib/@v"
    base.mkdir(parents=True)
    module = "module example.com/lib\n\ngo 1.18\n"  # older ones warn only
    (base / "v1.0.0.info").write_text('{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}')
    (base / "v1.0.0.mod").write_text(module)
    (base / "list").write_text("v1.0.0\n")
    with zipfile.ZipFile(base / "v1.0.0.zip", "w") as z:
        z.writestr("example.com/lib@v1.0.0/go.mod", module)
        z.writestr("example.com/lib@v1.0.0/lib.go", source)
    return folder


def debian_root(folder, *paths):
    """A root in which a Debian package owns these files."""
    root = folder / "root"
    for name in ("usr/lib", "etc", "var/lib/dpkg/info"):
        (root / name).mkdir(parents=True)
    shutil.copy("/etc/os-release", root / "etc/os-release")
    (root / "var/lib/dpkg/status").write_text(
        "Package: victim1\nStatus: install ok installed\nArchitecture: amd64\nSource: victim\nVersion: 1.0-1\n"
        "Description: none\nMaintainer: none <none@example.com>\n\n")
    (root / "var/lib/dpkg/info/victim1.list").write_text("".join(f"{line}\n" for line in ("/.", "/usr", "/usr/lib", *paths)))
    return root


def copy_needed(root, binary, library_path):
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True,
                            env={**os.environ, "LD_LIBRARY_PATH": library_path}).stdout
    for word in listed.split():
        if word.startswith("/") and os.path.exists(word) and not word.startswith(str(root)):
            target = root / word[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, target)
