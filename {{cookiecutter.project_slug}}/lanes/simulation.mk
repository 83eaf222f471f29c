TASKS += year

##@ The simulation
year:     ## Let the system live through past months by itself: decide, retrain, promote; reports/year.html (25 min)
