"""BENTOML room: answers flights over HTTP and logs every answer. BentoML is imported only here."""
