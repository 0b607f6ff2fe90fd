/** Counts WebSockets: anything that belongs to an earlier one is out of date. */
export class Turn {
	#number = 0;
	#over = false;

	/** Begins the next turn; returns a function that says whether it is still the current one. */
	next(): () => boolean {
		this.#number++;
		return this.now();
	}

	/** The same for the present turn. */
	now(): () => boolean {
		const number = this.#number;
		return () => number === this.#number && !this.#over;
	}

	/** Ends the last turn. */
	end() {
		this.#over = true;
	}
}
