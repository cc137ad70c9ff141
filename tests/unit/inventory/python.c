/* SPDX-License-Identifier: Apache-2.0 */
#include "made_root.h"

#include "host/runtime.h"

static void test_python(void **state)
{
        struct fixture *f = *state;
        put(f, "/srv/venv/lib/python3.11/site-packages/PyYAML-5.3.dist-info/METADATA",
            "Name: PyYAML\nVersion: 5.3\n\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/PyYAML-5.3.dist-info/RECORD",
            "yaml/__init__.py,,\n_yaml.cpython-311-x86_64-linux-gnu.so,,\n../../../bin/yaml,,\n"
            "../../../../../../../../etc/passwd,,\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/old.egg-info/PKG-INFO", "Name: old\nVersion: 1\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/old.egg-info/installed-files.txt", "../old/a.py\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/flat.egg-info", "Name: flat\nVersion: 1\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/broken.dist-info/METADATA", "nothing\n");
        put(f, "/usr/local/lib/python3.12/site-packages/Jinja2-2.11.2.dist-info/METADATA",
            "Name: Jinja2\nVersion: 2.11.2\n");
        put(f, "/usr/local/lib/python3.12/site-packages/Jinja2-2.11.2.dist-info/RECORD",
            "jinja2/__init__.py,,\n");
        read_root(f, "/srv/venv/lib/python3.11/site-packages", NULL);
        const struct package *p = find(f, "pyyaml");
        assert_non_null(p);
        assert_string_equal(p->ecosystem, "PyPI");
        assert_null(p->release);
        assert_int_equal(p->runtimes, RUNTIME_PYTHON | RUNTIME_NATIVE);
        assert_owner(f, "/srv/venv/lib/python3.11/site-packages/_yaml.cpython-311-x86_64-linux-gnu.so",
                     "pyyaml");
        assert_owner(f, "/srv/venv/bin/yaml", "pyyaml");
        assert_owner(f, "/srv/venv/lib/python3.11/site-packages/old/a.py", "old");
        p = find(f, "flat"); /* no list of its files: it may have extension modules */
        assert_true(p->runtimes & RUNTIME_NATIVE);
        assert_int_equal(find(f, "jinja2")->runtimes, RUNTIME_PYTHON);
        size_t limits;
        const char *const *sentences = inventory_limits(f->inventory, &limits);
        assert_int_equal(limits, 1);
        assert_non_null(strstr(sentences[0], "broken.dist-info"));
}

static void test_copies_and_links_of_python(void **state)
{
        static const char site[] = "/srv/lib/python3.11/site-packages";
        struct fixture *f = *state;
        char path[256];
        snprintf(path, sizeof(path), "%s/pip/_vendor/vendor.txt", site);
        put(f, path, "# pins\nrequests==2.31.0  # remark\n    certifi==2023.7.22\n-e x==1\n");
        snprintf(path, sizeof(path), "%s/setuptools/_vendor/packaging/__init__.py", site);
        put(f, path, "__title__ = 'x'\n__version__ = \"23.1\"\n");
        snprintf(path, sizeof(path), "%s/pip/_vendor/requests/__init__.py", site);
        put(f, path, "__version__ = \"0\"\n"); /* the list counts */
        snprintf(path, sizeof(path), "%s/mine.egg-link", site);
        put(f, path, "/srv/mine\n.\n");
        put(f, "/srv/mine/mine.egg-info/PKG-INFO", "Name: mine\nVersion: 0.1\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/METADATA", site);
        put(f, path, "Name: edit\nVersion: 2\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/RECORD", site);
        put(f, path, "__editable__.edit-2.pth,,\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/direct_url.json", site);
        put(f, path, "{\"url\": \"file:///srv/edit\", \"dir_info\": {\"editable\": true}}");
        read_root(f, site, NULL);
        assert_string_equal(find(f, "requests")->version, "2.31.0");
        assert_string_equal(find(f, "certifi")->version, "2023.7.22");
        assert_owner(f, "/srv/lib/python3.11/site-packages/pip/_vendor/requests/api.py", "requests");
        assert_string_equal(find(f, "packaging")->version, "23.1");
        assert_owner(f, "/srv/lib/python3.11/site-packages/setuptools/_vendor/packaging/tags.py",
                     "packaging");
        assert_owner(f, "/srv/mine/code.py", "mine");
        assert_owner(f, "/srv/edit/edit/code.py", "edit");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_python),
                T(test_copies_and_links_of_python),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
