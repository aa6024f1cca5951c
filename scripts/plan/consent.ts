/** Whether a plan may be carried out: by its fingerprint, by `--yes`, or by the operator's answer. */
export interface ConsentOptions {
  readonly yes?: boolean
  /** Of the plan that was reviewed. */
  readonly fingerprint?: string
}

/**
 * Why nothing is done; undefined if the plan may be carried out.
 * @param again makes the plan anew after the operator has answered, who may have taken an hour for it
 */
export async function whyNot(
  fingerprint: string,
  again: () => Promise<string>,
  options: ConsentOptions,
  { confirm }: { readonly confirm?: (question: string) => Promise<boolean> },
): Promise<string | undefined> {
  if (options.fingerprint !== undefined) {
    return options.fingerprint === fingerprint
      ? undefined
      : `nothing was changed: the plan is no longer ${options.fingerprint} but ${fingerprint}. The options, the files or what AWS has changed since: review it again.`
  }
  if (options.yes === true) return undefined
  if (confirm === undefined) {
    return `nothing was changed: nobody is there to be asked. Add --fingerprint ${fingerprint}, or --yes.`
  }
  if (!(await confirm(`Carry out ${fingerprint}?`))) return 'nothing was changed'
  const now = await again()
  return now === fingerprint
    ? undefined
    : `nothing was changed: meanwhile the plan became another one (${now}). Review it again.`
}
