/* messages_store.h -- what a mailbox session can ask of the store.
 *
 * The channel between them is the capability: master made it for one account,
 * and the store never looks at an account number that comes from a session.
 * Included by messages.h only.
 */
