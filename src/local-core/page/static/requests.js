/**
 * Requests to this page's own server, with the token from the page's address. It is taken out of the address bar and
 * kept for this tab alone: a reload has it, another tab or a bookmark does not.
 */

const KEY = 'greengrass-defender-token'

let token = takeToken()

function takeToken() {
  const given = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1]
  if (given === undefined) return sessionStorage.getItem(KEY) ?? ''
  sessionStorage.setItem(KEY, given)
  history.replaceState(null, '', location.pathname)
  return given
}

// The address of a new run, put into the same tab, changes only what stands behind the `#`.
addEventListener('hashchange', () => {
  token = takeToken()
  location.reload()
})

const headers = () => ({ Authorization: `Bearer ${token}` })

/** @param {AbortSignal} signal */
export const openEvents = (signal) => fetch('/events', { headers: headers(), signal })

/**
 * @typedef {object} Reply
 * @property {boolean} ok
 * @property {any} value JSON, of a request that went well
 * @property {string} problem for people, of one that did not
 */

/** @param {string} path @param {unknown} [body] @returns {Promise<Reply>} */
export async function post(path, body = {}) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { ...headers(), 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.ok) return { ok: true, value: await response.json(), problem: '' }
    return { ok: false, value: undefined, problem: (await response.text()).trim() }
  } catch {
    return { ok: false, value: undefined, problem: 'The page’s server cannot be reached' }
  }
}
