"""lamina plugin check passes every part that ships."""
# labels: full release-only
# timeout: 3600

import json
import os

from _lamina import check, lamina, run

PLUGINS = os.environ["LAMINA_PLUGIN_DIR"]


def shipped(kind):
    def test():
        result = lamina("plugin", "check", os.path.join(PLUGINS, f"liblamina_{kind}.so"), "--json", timeout=1800)
        parts = json.loads(result.out)["parts"]
        failed = [(p["part"], c) for p in parts for c in p["checks"] if c["verdict"] == "failed"]
        check(result.code == 0 and not failed, kind, failed, result.err)
        for p in parts:
            for c in p["checks"]:
                if c["verdict"] == "left out" and c["check"] == "self-test":
                    print(f"       {p['part']} is not tested: {c['reason'][:100]}")
    test.__doc__ = "every one of the " + kind
    return test


run([shipped(kind) for kind in ("activations", "initializers", "regularizers", "losses", "metrics", "optimizers",
                                "schedules", "models", "formats", "augmentations", "augmentations_zca_whitening",
                                "callbacks", "layers")])
