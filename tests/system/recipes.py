"""Recipes and features as a user meets them: stages, what they write, and what is wrong with a recipe."""

import json
import os
import shutil

from _lamina import check, done, fails, lamina, one_json, run

RECIPE = {"model": "lenet", "up_to": "flatten", "data": "mnist:sample", "batch_size": 100, "seed": 2,
          "layers": [{"class_name": "Dense", "config": {"units": 10, "activation": "softmax", "name": "digits"}}],
          "validate_on_test": True,
          "stages": [{"name": "head", "trainable": "added", "optimizer": "adam", "epochs": 2},
                     {"trainable": "conv2d_1:", "optimizer": "sgd:learning_rate=0.01,momentum=0.9", "epochs": 1}]}


def write(name="recipe.json", **changes):
    recipe = {**RECIPE, **changes}
    with open(name, "w") as file:
        json.dump({key: value for key, value in recipe.items() if value is not None}, file)
    return name


def stages():
    """a recipe trains in stages, and writes model, history and curves of all of them"""
    result = one_json(lamina("run", write(save="digits.h5", history="h.csv", plot="c.png"), "--json"))
    check(result["epochs"] == 3 and result["val_accuracy"] > 0.8, result)
    with open("h.csv") as file:
        lines = file.read().splitlines()
    check(lines[0].startswith("epoch,loss,accuracy,val_loss,val_accuracy") and len(lines) == 4, lines)
    check([line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"], lines)
    check(os.path.getsize("c.png") > 1000, "no curves")
    again = one_json(lamina("evaluate", "digits.h5", "--data", "mnist:sample", "--json"))
    check(abs(again["accuracy"] - result["val_accuracy"]) < 1e-6, again, result)


def cached_features():
    """features that are computed once teach the same weights; the second run reads them"""
    one_stage = RECIPE["stages"][:1]
    cache = {"LAMINA_CACHE": os.path.join(os.getcwd(), "cache"), "XDG_CACHE_HOME": os.path.join(os.getcwd(), "cache")}
    direct = one_json(lamina("run", write(stages=one_stage), "--json"))
    recipe = write(stages=[{**one_stage[0], "cache_features": True}])
    for _ in range(2):
        cached = one_json(lamina("run", recipe, "--json", env=cache))
        check(cached["weights_sha256"] == direct["weights_sha256"], cached, direct)
    kept = [name for _, _, files in os.walk("cache") for name in files if name.endswith(".features")]
    check(len(kept) == 1, kept)


def class_names():
    """the model keeps the names of its training data's classes, whatever the stages and the format, and predict tells them"""
    pictures = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")
    files = {"bird": "grey.png", "ape": "one_bit.png"}
    for name, picture in files.items():
        os.makedirs(f"zoo/{name}")
        shutil.copy(os.path.join(pictures, picture), f"zoo/{name}/1.png")
    dense = {"class_name": "Dense", "config": {"units": 2, "activation": "softmax"}}
    for cache in (False, True):
        recipe = write(data="image_folder:height=28,width=28,channels=1", data_dir="zoo", layers=[dense], batch_size=2,
                       save="net.keras", validate_on_test=None,
                       stages=[{"trainable": "added", "optimizer": "adam", "epochs": 30, "cache_features": cache}])
        done(lamina("run", recipe, env={"LAMINA_CACHE": os.path.join(os.getcwd(), "cache")}))
        done(lamina("convert", "net.keras", "net.h5"))
        done(lamina("convert", "net.h5", "net.json"))
        for model in (["net.keras"], ["net.h5"], ["net.json", "--weights", "net.h5"]):
            said = one_json(lamina("predict", *model, "zoo/ape/1.png", "zoo/bird/1.png", "--json"))["files"]
            check([f["predictions"][0]["label"] for f in said] == ["ape", "bird"], cache, model, said)
    check("bird (1)" in done(lamina("predict", "net.h5", "zoo/bird/1.png")).out, "no name and number")


def callbacks():
    """a recipe's callbacks hear of every stage"""
    one_json(lamina("run", write(callbacks=["json_log:file=log.jsonl,batches=false"]), "--json"))
    with open("log.jsonl") as file:
        events = [json.loads(line)["event"] for line in file]
    epoch = ["epoch_begin", "epoch_end"]
    check(events == ["train_begin", *epoch, *epoch, "train_end", "train_begin", *epoch, "train_end"], events)


def augmented():
    """stages are augmented as the recipe says, each by its own word before that, with 1 worker or 3 alike"""
    def weights(*augment, of_all=None, **more):
        stages = [{**stage, "epochs": 1, **({} if own is None else {"augment": own})}
                  for stage, own in zip(RECIPE["stages"], augment)]
        return one_json(lamina("run", write(stages=stages, augment=of_all, **more), "--json"))["weights_sha256"]

    moved = "rotation=20,width_shift=0.1"
    plain, both = weights(None, None), weights(moved, moved)
    first = weights(moved, "")
    check(len({plain, both, first}) == 3, plain, both, first)
    check(weights(None, None, of_all=moved) == both, "not for all stages")
    check(weights(None, "", of_all=moved, workers=3) == first, "a stage's own word, or the workers")


def wrong_recipes():
    """a mistake is told with the key, the file and what there is"""
    told = {write("a.json", batchsize=3): "there is no `batchsize`, did you mean `batch_size`?",
            write("b.json", stages=None): "`stages` is missing",
            write("c.json", stages=[]): "nothing would be trained",
            write("d.json", batch_size="many"): "`batch_size` must be a whole number",
            write("e.json", stages=[{"trainable": "all"}]): "stages[0]: `epochs` is missing",
            write("f.json", stages=[{"trainable": "conv3:", "epochs": 1}]): "has no layer `conv3`",
            write("g.json", stages=[{"trainable": "all", "epochs": 1, "cache_features": True}]): "trains the added layers",
            write("o.json", augment="zoom=0.2", stages=[{"trainable": "added", "epochs": 1, "cache_features": True}]):
                "stages[0]: `cache_features` and `augment` exclude each other",
            write("p.json", augment="zom=0.2"): "zom",
            write("q.json", workers=0): "`workers` must be 1 to 256",
            write("h.json", layers=[{"class_name": "Danse"}]): "Danse",
            write("i.json", up_to="flaten"): "the nearest name is `flatten`",
            write("j.json", preprocessing="cafe"): "did you mean `caffe`",
            write("k.json", validation_split=0.2): "exclude each other",
            write("l.json", save="nowhere/x.h5"): "nowhere",
            write("n.json", callbacks=["json_lug:file=x"]): 'did you mean "json_log"?',
            write("o.json", callbacks=[3]): "callbacks[0] must be a text, got 3"}
    for recipe, says in told.items():
        result = lamina("run", recipe)
        check(result.code in (1, 2) and result.out == "", recipe, result.code, result.out)
        check(result.first and says in result.err, recipe, result.err, "does not say", says)
    with open("m.json", "w") as file:
        file.write('{"model": ')
    fails(2, "run", "m.json", says=["m.json", "not JSON"])
    fails(1, "run", "absent.json", says="absent.json")


def features():
    """`lamina features` writes what layers give; its mistakes name the layer or the picture"""
    digits = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")
    picture = next(os.path.join(digits, name) for name in sorted(os.listdir(digits)) if name.endswith(".png"))
    one_json(lamina("run", write(save="digits.h5", stages=RECIPE["stages"][:1]), "--json"))
    told = one_json(lamina("features", "digits.h5", picture, picture, "--layer", "max_pooling2d_1,digits", "--output",
                           "f.h5", "--json"))
    check(told["layers"] == {"max_pooling2d_1": [2, 7, 7, 50], "digits": [2, 10]}, told)
    with open("f.h5", "rb") as file:
        content = file.read()
    check(content[1:4] == b"HDF" and len(content) > 4 * 2 * (7 * 7 * 50 + 10), len(content))
    check(os.path.basename(picture).encode() in content, "the files' names are not there")
    fails(2, "features", "digits.h5", picture, "--layer", "digit", "--output", "f.h5", says="the nearest name is `digits`")
    fails(1, "features", "digits.h5", "no.png", "--layer", "digits", "--output", "f.h5", says="no.png")
    fails(2, "features", "digits.h5", picture, "--layer", "digits", "--output", "f.txt", says="extension")


run([stages, cached_features, class_names, callbacks, augmented, wrong_recipes, features])
