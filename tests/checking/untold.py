"""The traps that no rule tells from the source, each with the reason. A rule for one of them takes it off."""

TESTS_NOT_APPS = "a habit of tests, and the rules read apps"
SURROUNDINGS = "the cause is in the proxy, the signals or the replicas around the app, not in its source"
ORDER = "what arrives first decides, and the source does not tell"
SIZE = "how large the data is, or how many they become, is not in the source"
MEANT = "a recipe is written the same way: whether it hurts depends on the work"

UNTOLD = {
    "stable-api-trap": "its handlers come out of nested lists; `counted-endpoint` reads what is written at the event",
    "remembered-chats-trap": ORDER,
    "clean-up-trap": SIZE,
    "who-waits-trap": MEANT,
    "queue-full-trap": "every app without `max_size` has it; `--run` tells it where a limit is set",
    "no-back-door-trap": MEANT,
    "disk-does-not-fill-trap": SIZE,
    "too-large-trap": "what a client may send instead of an upload is in Gradio, not in the app",
    "right-kind-trap": MEANT,
    "right-kind-metadata-trap": MEANT,
    "listen-trap": "whether others are to reach the server is not in the source, and is better set outside of it",
    "in-a-notebook-trap": "the second run of the cell makes the second server",
    "behind-nginx-trap": SURROUNDINGS,
    "container-trap": SURROUNDINGS,
    "replicas-trap": SURROUNDINGS,
    "single-sign-on-proxy-trap": SURROUNDINGS,
    "image-types-trap": "whether pictures have transparency is known when they arrive",
    "labels-for-everybody-trap": "the contrast is that of Gradio's own theme",
    "api-keys-trap": "how often one caller may call is the owner's to decide",
    "share-safely-trap": "it plays the relay; `public-link` tells `share=True`",
    "chain-trap": "what a client runs of a chain is not in the source, and pages run all of it",
    "long-work-trap": MEANT,
    "validate-first-trap": MEANT,
    "batch-trap": SIZE,
    "light-payloads-trap": "PNG is right for drawings and for transparency",
    "light-tables-trap": SIZE,
    "queue-cost-grows-trap": SIZE,
    "queue-cost-threads-trap": "it measures PyTorch, without an app",
    "handlers-as-functions-trap": TESTS_NOT_APPS,
    "running-app-trap": TESTS_NOT_APPS,
    "limits-without-sleep-trap": TESTS_NOT_APPS,
    "errors-and-refusals-trap": TESTS_NOT_APPS,
    "streams-and-stop-trap": TESTS_NOT_APPS,
    "page-in-a-browser-trap": TESTS_NOT_APPS,
    "in-ci-trap": TESTS_NOT_APPS,
    "model-server-trap": "whether the server is strict is not in the source",
    "chat-files-trap": "what a client may send past the page is in Gradio, not in the app",
    "kept-chats-trap": "some want them gone at a restart",
}
