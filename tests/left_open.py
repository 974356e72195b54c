"""A form that stays open in a browser while sign-ins come and go."""


def sign_in_anew(client, person):
    """As ``force_login``, and with a new CSRF secret, as each real sign-in gives one."""
    client.cookies.pop("csrftoken", None)
    client.force_login(person)


def token_of(client, person):
    """What a page of ``person`` in this browser sends along with each of its forms."""
    sign_in_anew(client, person)
    return {"csrfmiddlewaretoken": str(client.get("/profile/").context["csrf_token"])}


def left_open(client, person):
    """The same, of a page that stays open when the session has ended."""
    token = token_of(client, person)
    del client.cookies["sessionid"]
    return token
