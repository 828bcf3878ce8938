"""Do as many patients have the event as the risks say?"""
