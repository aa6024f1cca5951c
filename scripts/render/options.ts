/** Values of command-line options, checked where they are given. */
import { InvalidArgumentError } from 'commander'

export interface NumberBounds {
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/** A parser for commander: the number, or an error that says what would do. */
export function numberOption({ min, max, integer = false }: NumberBounds): (text: string) => number {
  return (text) => {
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value
    const kind = integer ? 'a whole number' : 'a number'
    throw new InvalidArgumentError(`It takes ${kind} from ${min} to ${max}.`)
  }
}
