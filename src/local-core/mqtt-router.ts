/**
 * MQTT topics: which filter matches which topic, and who gets a message.
 * Source: MQTT 3.1.1, section 4.7 "Topic Names and Topic Filters".
 */

/**
 * Does the filter match the topic name? `+` is one whole level, `#` the last one and all below it (and its parent).
 * A filter that begins with a wildcard matches no topic that begins with `$`, so `#` never catches `$aws/...`.
 */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return index === wanted.length - 1
    if (index >= levels.length) return false
    if (level !== '+' && level !== levels[index]) return false
  }
  return wanted.length === levels.length
}

/** A topic to publish to: at least one character, no wildcards, no NUL. */
export const isTopicName = (topic: string) => topic !== '' && !/[+#\0]/.test(topic)

/** A filter to subscribe to: `+` and `#` stand alone in their level, `#` in the last one. */
export function isTopicFilter(filter: string): boolean {
  if (filter === '' || filter.includes('\0')) return false
  const levels = filter.split('/')
  return levels.every((level, index) => {
    if (level === '+') return true
    if (level === '#') return index === levels.length - 1
    return !/[+#]/.test(level)
  })
}

/** Subscriptions in the order in which they were made. `M` is whatever a message carries besides its topic. */
export class Router<M> {
  readonly #subscriptions = new Set<{ filter: string; deliver: (topic: string, message: M) => void }>()

  /** Returns the function that ends the subscription. */
  subscribe(filter: string, deliver: (topic: string, message: M) => void): () => void {
    const subscription = { filter, deliver }
    this.#subscriptions.add(subscription)
    return () => this.#subscriptions.delete(subscription)
  }

  /** Delivers to every matching subscription; returns to how many. */
  publish(topic: string, message: M): number {
    const matching = [...this.#subscriptions].filter(({ filter }) => topicMatches(filter, topic))
    for (const { deliver } of matching) deliver(topic, message)
    return matching.length
  }
}
