"""Other words for what the notebooks say: what Gradio was called before, and what people write instead.

Each line is added to a search, never taken from it. A key that ends in `=` is an argument that Python calls unexpected.
"""

OTHER_WORDS = {
    # Gradio's older names for the same thing.
    "concurrency_count": "concurrency_limit",  # of queue(), until Gradio 4
    "enable_queue": "queue concurrency_limit",  # of launch(), until Gradio 4
    "tuples": "messages history",  # the chat format until Gradio 5
    "every=": "timer tick",  # the argument of an event, until Gradio 5
    "allow_flagging": "flagging_mode",  # of Interface, until Gradio 5
    "websocket": "queue proxy",  # what carried the queue until Gradio 4
    "wss": "queue proxy",
    "outputs": "output",  # "enough output values" was both
    # What people write for what the notebooks call otherwise.
    "pod": "replicas",
    "pods": "replicas",
    "sticky": "replicas affinity cookie",
    "upstream": "replicas nginx",
    "iphone": "upload photo photos photograph",
    "rotated": "sideways side",
    "cleared": "fill empty",
    "increases": "grows",
    "ram": "memory grows",
    "leak": "memory grows",
    "tmp": "temp disk",
    "temporary": "temp disk",
    "docker": "container listen",
    "refused": "err_connection_refused",
    "kubernetes": "replicas",
    "subpath": "sub path",
    "login": "logged log-in",
    "oauth": "redirect_uri provider",
    "sso": "provider redirect_uri",
    "response": "answer",
    "token": "word",
    "slow": "takes seconds",
    "generation": "gpu busy stop",
    "shared": "somebody else everybody",
    "twice": "two double",
    "duplicate": "double",
    "remote": "jupyter 127.0.0.1",
    "colab": "notebook",
    "outage": "connection cut",
    "task": "job",
    "attachment": "attach files",
    "attachments": "attach files",
    "multimodaltextbox": "multimodal message",
    "claude": "assistant tool",
    "chunk": "word yield",
    "generator": "stream yield",
    "website": "site",
    "websites": "site",
    "origin": "cors site",
    "frontend": "front end page",
    "custom": "own",
    "quota": "limit",
    "f5": "refresh reload",
    "vram": "gpu memory",
    "credentials": "password log-in",
    "defaults": "settings",
    "spins": "waits loading",
    "stickiness": "replicas affinity",
    "ingress": "nginx proxy",
    "cloudflare": "proxy",
    "zerogpu": "gpu space",
}

# Words that tell nothing about what is wrong, with those that stand in every traceback.
EMPTY_WORDS = """
a about after again all although also always am an and another any app are as at await be because been but by call
can cannot could did didn do does doesn don done each error even file for from get gets gradio had has have how i
if in into is it its just last like line ll make me module most my new no not of on one only or other our out over
per please python raise re recent return s same set should shows so some still t than that the their them then
there these they this to too try up use used using value ve was we were what when whenever where which while who
why will with without won would you your extra fine function happen happens ignore issue need possible problem see
seems want way work working works
"""
