TASKS += drill

##@ Practice
drill:    ## Work on an incident in a sandbox: ARGS="list", "start NAME", "answer", "check", "reset" (1 min to start)
