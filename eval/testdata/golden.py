"""Makes the golden values of this folder, from random embeddings with a fixed seed:
    python golden.py          (numpy 1.26.4, scikit-learn 1.5.2, scipy 1.13.1)
"""
import json
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, top_k_accuracy_score
from sklearn.neighbors import KNeighborsClassifier

rng = np.random.default_rng(7)
N, TEXTS, E, CLASSES = 120, 300, 12, 6


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


centers = rng.normal(size=(CLASSES, E))
labels = rng.integers(0, CLASSES, N)
test_labels = rng.integers(0, CLASSES, 80)
images = unit(centers[labels] + 1.2 * rng.normal(size=(N, E)))
test_images = unit(centers[test_labels] + 1.2 * rng.normal(size=(80, E)))
classes = unit(centers + 0.5 * rng.normal(size=(CLASSES, E)))
image_of = np.concatenate([np.arange(N), rng.integers(0, N, TEXTS - N)])
texts = unit(images[image_of] + 0.25 * rng.normal(size=(TEXTS, E)))
for name, x in dict(images=images, texts=texts, test_images=test_images, classes=classes).items():
    np.save(name + ".npy", x)

g = {"image_of": image_of.tolist(), "labels": labels.tolist(), "test_labels": test_labels.tolist()}

# Retrieval as CLIP_benchmark's zeroshot_retrieval.py defines it: any right text among the top k.
scores = texts.astype(np.float64) @ images.astype(np.float64).T
positive = np.zeros_like(scores, dtype=bool)
positive[np.arange(TEXTS), image_of] = True


def ranks(scores, positive):
    order = np.argsort(-scores, axis=1)
    return np.array([np.flatnonzero(p[o])[0] + 1 for p, o in zip(positive, order)])


def recalls(r):
    return {**{f"r{k}": float((r <= k).mean()) for k in (1, 5, 10)},
            "median_rank": float(np.median(r)), "mean_rank": float(r.mean())}


def wrong_only(scores, positive):
    """An image's other texts are passed over: all but its best are put last."""
    s = scores.copy()
    for i in range(len(s)):
        own = np.flatnonzero(positive[i])
        s[i, own[own != own[np.argmax(s[i, own])]]] = -9
    return s


g["retrieval"] = {"images": N, "texts": TEXTS,
                  "image_to_text": recalls(ranks(wrong_only(scores.T, positive.T), positive.T)),
                  "text_to_image": recalls(ranks(scores, positive))}

# Zero-shot classification of the test images, and its calibration (Guo et al. 2017, 15 bins).
cos = test_images.astype(np.float64) @ classes.astype(np.float64).T
pred = cos.argmax(1)
p = np.exp(20 * cos)
p /= p.sum(1, keepdims=True)
confidence, right = p.max(1), pred == test_labels
ece = 0.0
for lo in range(15):
    inside = (confidence > lo / 15) & (confidence <= (lo + 1) / 15)
    if inside.any():
        ece += abs(confidence[inside].mean() - right[inside].mean()) * inside.mean()
g["zeroshot"] = {"top1": float(right.mean()),
                 "top5": float(top_k_accuracy_score(test_labels, cos, k=5, labels=range(CLASSES))),
                 "mean_per_class": float(balanced_accuracy_score(test_labels, pred)),
                 "confusion": confusion_matrix(test_labels, pred).tolist(), "ece": float(ece)}

# Probes, in float64 to the end of convergence.
g["probe"] = []
for c in (0.01, 0.316, 10):
    m = LogisticRegression(C=c, tol=1e-10, max_iter=100000).fit(images.astype(np.float64), labels)
    g["probe"].append({"c": c, "weights": m.coef_.round(6).tolist(), "bias": m.intercept_.round(6).tolist(),
                       "accuracy": float(m.score(test_images, test_labels))})
g["knn"] = []
for k in (1, 5, 20):
    m = KNeighborsClassifier(n_neighbors=k, metric="cosine", algorithm="brute").fit(images, labels)
    g["knn"].append({"k": k, "predicted": m.predict(test_images).tolist()})

with open("golden.json", "w") as f:
    json.dump(g, f)
