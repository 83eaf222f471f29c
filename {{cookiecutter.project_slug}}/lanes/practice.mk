TASKS += drill prove-drills tradeoffs cards capacity experiment brief evidence site

##@ Practice
drill:    ## Work on an incident in a sandbox: ARGS="list", "start 7", "answer", "check", "debrief", "reset" (1 min to start)
prove-drills: ## Play every drill with five seeds, and write what each showed (180 min)
tradeoffs: ## Predict trade-offs, ARGS=run to measure them (4 min), ARGS=reveal to see both, ARGS=scores for your record (5 s)
cards:    ## A requirement changes: ARGS=deal, then change the project until ARGS=check is green (5 s to 1 min)
capacity: ## From measured costs to cores, memory and money at another load; ARGS=--check drives the service (1 min, 5)
experiment: ## Plan an experiment: unit, smallest effect, duration, power, and its nulls; reports/experiment.html (20 s)
brief:    ## Write the walk-through of 2, 10 and 45 minutes from your own runs; ARGS=--check, --rehearse, --route (10 s)
evidence: ## Write the pack of all that was run, decided and practised; ARGS=--verify recomputes it (5 s)
site:     ## Write all pages as a static site that works offline: reports/site (10 s)
