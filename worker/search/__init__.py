"""The path of a query, from the doorbell to its hits.

1. `answer`: a doorbell arrives; claim waiting searches from the ledger, as many as there are free `slots`.
2. `deferred`: a search with `after_job` waits until that job has ended, without occupying a thread.
3. `terms`: each term becomes a unit vector: texts and images by the model, stored photos from the catalogue.
4. `fusion`: the weighted sum of these vectors, renormalised, is the query vector.
5. `collection_cache`: the collection's model must be the worker's; its photos are counted.
6. `paging`: the nearest photos, ordered, cut to the page and grouped.
7. `hits`: the typed result, stored in the ledger as JSON; recording it wakes the client.

An embedding takes steps 1 and 3; `embeddings` is its result.
"""
