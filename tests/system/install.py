"""The installed package, from outside: what is in it, pkg-config, manual pages, completions."""
# labels: system release-only
# timeout: 600
# fixtures: installed

import os
import subprocess

from _lamina import check, run

PREFIX = os.environ["LAMINA_PREFIX"]


def execute(*command, env=None, **options):
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, **options)
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-3000:], result.stderr[-3000:])
    return result.stdout + result.stderr


def here(*path):
    return os.path.join(PREFIX, *path)


def everything_is_there():
    """programs, library, plugins, headers, data, templates, pages and completions are installed"""
    for path in ("bin/lamina", "bin/lamina-conformance", "lib/liblamina.so", "lib/lamina/liblamina_layers.so",
                 "lib/lamina/liblamina_backend_vulkan.so", "lib/lamina/lamina-hdf5", "include/lamina/model.hpp",
                 "include/lamina/plugin/abi.h", "lib/cmake/lamina/laminaConfig.cmake", "lib/pkgconfig/lamina.pc",
                 "lib/pkgconfig/lamina-plugin.pc", "share/man/man1/lamina.1", "share/man/man1/lamina-conformance.1",
                 "share/bash-completion/completions/lamina", "share/zsh/site-functions/_lamina",
                 "share/lamina/mnist_sample", "share/lamina/templates/layer", "share/doc/lamina/LICENSE"):
        check(os.path.exists(here(path)), path)
    out = execute(here("bin/lamina"), "plugins", "-v")
    check("searched  " + PREFIX in out.replace("/bin/../", "/") and "refused" not in out, out[-2000:])


def pkg_config():
    """a program and a plugin build with pkg-config's flags, wherever the package was moved to"""
    flags = {}
    for name in ("lamina", "lamina-plugin"):
        out = execute("pkg-config", "--cflags", "--libs", name, env={"PKG_CONFIG_PATH": here("lib/pkgconfig")})
        flags[name] = out.split()
    folders = [flag[2:] for flag in flags["lamina-plugin"] if flag.startswith("-I")]
    check(folders and os.path.exists(folders[0] + "/lamina/plugin/abi.h"), flags)
    with open("main.cpp", "w") as f:
        f.write('#include <lamina/registry.hpp>\n#include <iostream>\nint main() {\n'
                '    std::cout << lamina::Registry::global().names("layer").size() << std::endl;\n}\n')
    execute("g++", "-std=c++20", "main.cpp", "-o", "main", *flags["lamina"])
    out = execute("./main", env={"LD_LIBRARY_PATH": here("lib")})
    check(int(out) > 20, out)


def manual_pages():
    """both pages format without a warning and name every command and flag"""
    for page in ("lamina", "lamina-conformance"):
        result = subprocess.run(["man", "--warnings", "-l", here("share/man/man1", page + ".1")], capture_output=True,
                                text=True, env={**os.environ, "MANWIDTH": "100", "MAN_KEEP_FORMATTING": ""})
        check(result.returncode == 0 and result.stderr == "", result.stderr)
        for word in (["train", "--epochs", "plugin", "--timeout"] if page == "lamina" else ["--backend", "--sample"]):
            check(word in result.stdout, page, "does not name", word)


def bash(line, *, path):
    """What bash's completion offers behind the words of a line, the last of which may be ''."""
    words = line.split(" ")
    script = (f'source {here("share/bash-completion/completions/lamina")}\n'
              f"COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}\n"
              '_lamina; printf "%s\\n" "${COMPREPLY[@]}"')
    return execute("bash", "-c", script, env={"PATH": path + ":" + os.environ["PATH"]}).split()


def completions():
    """bash completes commands, flags, and the names that plugins have; zsh's script loads"""
    path = here("bin")
    check("train" in bash("lamina tr", path=path), "commands")
    check(bash("lamina train lenet --optim", path=path) == ["--optimizer"], "flags")
    check("adamw" in bash("lamina train lenet --optimizer ada", path=path), "optimizers")
    check("lenet" in bash("lamina predict le", path=path), "models")
    check("vulkan" in bash("lamina bench lenet --backend v", path=path), "backends")
    execute("zsh", "-n", here("share/zsh/site-functions/_lamina"))
    out = execute("zsh", "-c", f"fpath=({here('share/zsh/site-functions')} $fpath); autoload -Uz compinit; "
                  "compinit -u -D; echo ${_comps[lamina]}")
    check(out.strip() == "_lamina", out)


run([everything_is_there, pkg_config, manual_pages, completions])
