TASKS += drill capacity experiment

##@ Practice
drill:    ## Work on an incident in a sandbox: ARGS="list", "start NAME", "answer", "check", "reset" (1 min to start)
capacity: ## From measured costs to cores, memory and money at another load; ARGS=--check drives the service (1 min, 5)
experiment: ## Plan an experiment: unit, smallest effect, duration, power, and its nulls; reports/experiment.html (20 s)
