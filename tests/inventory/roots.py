# SPDX-License-Identifier: Apache-2.0
"""Two roots of real packages, made by the ordinary clients of their registries.

*debian* is a host: debootstrap, and on top of it Python, npm, Java and Go, more than 3,000 packages. *apps* has no
package manager of a distribution: programs, archives and libraries as a container without one has them. Each part is
made once; a part that is complete is not made again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN = "python3,fzf,runc,composer,php-cli,ruby,ruby-nokogiri,ruby-rack,nodejs,default-jre-headless,libguava-java,nginx"
# Not by debootstrap, which does not find its way through the circles of their dependencies.
DEBIAN_MORE = ["rails", "php-symfony", "php-doctrine-orm", "php-twig"]
PYTHON = ["jupyter==1.1.1", "django==4.2.7", "flask==3.0.0", "requests==2.31.0", "pandas==2.1.4", "setuptools==69.0.2",
          "pythonnet==3.0.3"]
NODE = ["next@14.2.3", "express@4.18.2", "webpack@5.91.0", "jest@29.7.0", "eslint@8.57.0", "typescript@5.4.5",
        "create-react-app@5.0.1", "@angular/cli@17.3.8", "gatsby-cli@5.13.3", "react-scripts@5.0.1", "@nestjs/cli@10.3.2",
        "nuxt@3.11.2", "storybook@8.0.9", "expo@50.0.17"]
JAVA = ["org.springframework.boot:spring-boot-starter-web:3.2.5", "org.springframework.boot:spring-boot-starter-data-jpa:3.2.5",
        "org.apache.hadoop:hadoop-client-runtime:3.3.6", "org.elasticsearch.client:elasticsearch-rest-high-level-client:7.17.21",
        "org.apache.kafka:kafka_2.13:3.7.0"]
NATS = "github.com/nats-io/nats-server/v2@v2.10.14"
SYFT = "github.com/anchore/syft/cmd/syft@v1.57.0"
SCANNER = "github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.5.1"
# Unpacked without dpkg's database: what lies in them is nobody's.
DEBS = ["mediawiki", "wordpress", "rabbitmq-server", "libtomcat10-java", "ruby-rails", "ruby-activerecord", "ruby-actionpack",
        "ruby-activesupport", "ruby-rack", "ruby-sinatra", "ruby-i18n", "ruby-tzinfo", "php-monolog", "php-guzzlehttp-psr7"]

POM = """<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>{name}</artifactId>
<version>1.0</version><packaging>{packaging}</packaging>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target></properties>
<dependencies>{dependencies}</dependencies><build><plugins>{plugins}</plugins></build></project>
"""
SHADE = """<plugin><artifactId>maven-shade-plugin</artifactId><version>3.5.2</version><executions><execution>
<phase>package</phase><goals><goal>shade</goal></goals><configuration><relocations>
<relocation><pattern>com.google.common</pattern><shadedPattern>com.example.guava</shadedPattern></relocation>
<relocation><pattern>com.fasterxml.jackson</pattern><shadedPattern>com.example.jackson</shadedPattern></relocation>
</relocations></configuration></execution></executions></plugin>"""
BOOT = """<plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId>
<version>3.2.5</version><executions><execution><goals><goal>repackage</goal></goals></execution></executions></plugin>"""
WAR = """<plugin><artifactId>maven-war-plugin</artifactId><version>3.4.0</version><configuration>
<failOnMissingWebXml>false</failOnMissingWebXml></configuration></plugin>"""
MAIN = "package com.example; public class Main { public static void main(String[] words) { } }\n"
# The jars that are built: packaging, plugin, what they depend on.
BUILDS = {
    "fat": ("jar", BOOT, ["org.springframework.boot:spring-boot-starter-web:3.2.5", "com.h2database:h2:2.2.224"]),
    "shaded": ("jar", SHADE, ["com.google.guava:guava:31.1-jre", "com.fasterxml.jackson.core:jackson-databind:2.13.4",
                              "commons-io:commons-io:2.11.0", "org.apache.commons:commons-text:1.9"]),
    "web": ("war", WAR, ["org.apache.struts:struts2-core:2.5.30", "commons-fileupload:commons-fileupload:1.4"]),
}


def run(*command, **options):
    print("+", *command, file=sys.stderr, flush=True)
    return subprocess.run([str(word) for word in command], check=True, **{"stdout": sys.stderr, **options})


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# ---- the host -----------------------------------------------------------------------------------------------


def add_debian(root, work):
    run("debootstrap", "--variant=minbase", f"--include={DEBIAN}", "bookworm", root)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    run("chroot", root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *DEBIAN_MORE,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def add_python(root, work):
    run(sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
        "--target", root / "opt/notebook/lib/python3.11/site-packages", *PYTHON)


def npm_install(folder, *names):
    put(folder / "package.json", f'{{"name": "{folder.name}", "version": "1.0.0", "private": true}}\n')
    run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", "--loglevel=error",
        *names, cwd=folder)


def add_node(root, work):
    npm_install(root / "srv/web", *NODE)


def dependencies(names):
    return "".join("<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
        *name.split(":")) for name in names)


def add_java(root, work):
    folder = work / "java"
    put(folder / "pom.xml", POM.format(name="x", packaging="jar", plugins="", dependencies=dependencies(JAVA)))
    run("mvn", "-q", "-B", "-f", folder / "pom.xml", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
        f"-DoutputDirectory={root}/srv/java/lib")


def go_install(folder, *modules):
    for module in modules:
        run("go", "install", module, env={**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"})


def add_go(root, work):
    go_install(root / "usr/local/bin", SYFT, NATS)


# ---- without a distribution ---------------------------------------------------------------------------------


def add_debs(root, work):
    folder = work / "debs"
    folder.mkdir(exist_ok=True)
    run("apt-get", "download", "-q", *DEBS, cwd=folder)
    for package in sorted(folder.glob("*.deb")):
        run("dpkg-deb", "-x", package, root)


def add_pnpm(root, work):
    folder = root / "srv/workspace"
    put(folder / "package.json", '{"name": "workspace", "version": "1.0.0", "private": true}\n')
    put(folder / "pnpm-workspace.yaml", "packages:\n  - packages/*\n")
    put(folder / "packages/api/package.json",
        '{"name": "@x/api", "version": "1.2.0", "dependencies": {"express": "4.18.2", "@x/core": "workspace:*"}}\n')
    put(folder / "packages/core/package.json",
        '{"name": "@x/core", "version": "0.3.0", "dependencies": {"lodash": "4.17.20", "axios": "0.21.1"}}\n')
    run("npm", "exec", "--yes", "pnpm@9.1.0", "--", "install", "--ignore-scripts", "--store-dir", work / "pnpm-store",
        "--package-import-method", "copy", cwd=folder, env={**os.environ, "CI": "1"})


def add_yarn(root, work):
    folder = root / "srv/plugnplay"
    put(folder / "package.json", '{"name": "plugnplay", "version": "1.0.0", "dependencies": {"react-dom": "18.2.0", '
        '"use-sync-external-store": "1.2.0", "ms": "2.1.2"}}\n')
    put(folder / ".yarnrc.yml", "nodeLinker: pnp\nenableGlobalCache: false\nenableTelemetry: false\nenableScripts: false\n")
    put(folder / "yarn.lock", "")
    run("npm", "exec", "--yes", "--package=@yarnpkg/cli-dist@4.2.2", "--", "yarn", "install", cwd=folder,
        env={**os.environ, "YARN_ENABLE_IMMUTABLE_INSTALLS": "0"})


def add_next(root, work):
    npm_install(root / "srv/next", "next@12.3.4", "react@17.0.2", "react-dom@17.0.2")


def add_venv(root, work):
    """A real virtual environment, made where it is looked at."""
    run(sys.executable, "-m", "venv", "--copies", root / "opt/venv")
    run(root / "opt/venv/bin/pip", "install", "-q", "--disable-pip-version-check", "pythonnet==3.0.3", "jupyterlab==4.1.8",
        "shiv==1.0.6")
    run(root / "opt/venv/bin/shiv", "-q", "-c", "flask", "-o", root / "opt/flask.pyz", "flask==3.0.0")


def add_builds(root, work):
    for name, (packaging, plugins, names) in BUILDS.items():
        folder = work / name
        put(folder / "pom.xml", POM.format(name=name, packaging=packaging, plugins=plugins, dependencies=dependencies(names)))
        put(folder / "src/main/java/com/example/Main.java", MAIN)
        run("mvn", "-q", "-B", "-f", folder / "pom.xml", "package")
        to = root / f"srv/java/{name}.{packaging}"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / f"target/{name}-1.0.{packaging}", to)


def add_programs(root, work):
    go_install(root / "usr/local/bin", NATS)
    plain, audited = root / "opt/ripgrep-plain", root / "opt/ripgrep-audited"
    run("cargo", "install", "-q", "--root", plain, "ripgrep@14.1.0", "--locked")
    run("cargo", "install", "-q", "--root", work / "cargo", "cargo-auditable@0.6.4", "--locked")
    run("cargo", "auditable", "install", "-q", "--root", audited, "ripgrep@14.1.0", "--locked",
        env={**os.environ, "PATH": f"{work}/cargo/bin:{os.environ['PATH']}"})


PARTS = {
    "debian": [add_debian, add_python, add_node, add_java, add_go],
    "apps": [add_debs, add_pnpm, add_yarn, add_next, add_venv, add_builds, add_programs],
}


def make(name, work):
    """The root of that name below `work`."""
    root = work / name
    for add in PARTS[name]:
        stamp = work / f"{name}.{add.__name__}"
        if stamp.exists():
            continue
        if add is PARTS[name][0]:  # nothing of an older one stays
            shutil.rmtree(root, ignore_errors=True)
            for old in [*work.glob(f"{name}.add_*"), *work.glob(f"{name}.*.json")]:
                old.unlink()
        root.mkdir(parents=True, exist_ok=True)
        add(root, work)
        stamp.touch()
    return root


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    for each in sys.argv[2:] or PARTS:
        print(make(each, folder))
