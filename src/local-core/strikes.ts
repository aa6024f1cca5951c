/**
 * How often something happened within the last hour: both nuclei give a component up after three.
 * Classic counts errors (its error counter is cleared after an hour without one), lite's systemd units count starts
 * (StartLimitBurst=3, StartLimitIntervalSec=3600).
 */
export const STRIKES_MAX = 3
const WINDOW_MS = 3_600_000

export class Strikes {
  #times: number[] = []

  add(at: number): void {
    this.#times.push(at)
  }

  /** Three are out. */
  areOut(at: number): boolean {
    this.#times = this.#times.filter((time) => time > at - WINDOW_MS)
    return this.#times.length >= STRIKES_MAX
  }

  clear(): void {
    this.#times = []
  }
}
