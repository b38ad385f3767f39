"""Forty ordinary calls of Microsoft's Python SDK against a sandbox tenant: python_client.py ROOT, such as http://127.0.0.1:4711/v1.0."""

import asyncio
import sys

from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.group import Group
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.temporary_access_pass_authentication_method import TemporaryAccessPassAuthenticationMethod
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.item.get_member_groups.get_member_groups_post_request_body import GetMemberGroupsPostRequestBody
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"


class Token(AuthenticationProvider):
    async def authenticate_request(self, request, additional_authentication_context=None):
        request.headers.add("Authorization", "Bearer any")


CALLS = 0


def seen(condition, what):
    global CALLS
    CALLS += 1
    if not condition:
        raise AssertionError(what)


def listing(eventual=False, **query):
    config = RequestConfiguration(query_parameters=UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(**query))
    if eventual:
        config.headers.add("ConsistencyLevel", "eventual")
    return config


async def refused(call, status):
    try:
        await call
    except APIError as error:
        seen(error.response_status_code == status, f"expected {status}, not {error.response_status_code}: {error}")
        return error
    raise AssertionError(f"expected {status}, but the call passed")


def joiner(name):
    return User(
        account_enabled=True, display_name=name.title(), mail_nickname=name, user_principal_name=f"{name}@fabrikam.com",
        usage_location="DE", password_profile=PasswordProfile(password="Correct-Horse-9", force_change_password_next_sign_in=True),
    )


async def queries(graph):
    page = await graph.users.get(listing(top=2))
    seen(len(page.value) == 2 and page.odata_next_link, "a page of two")
    page = await graph.users.with_url(page.odata_next_link).get()
    seen(len(page.value) == 1 and not page.odata_next_link, "the last page")
    page = await graph.users.get(listing(select=["id", "surname"], filter="surname eq 'Lee'"))
    seen({user.surname for user in page.value} == {"Lee"}, "filter by surname")
    page = await graph.users.get(listing(True, filter="endsWith(userPrincipalName,'@fabrikam.com')", count=True))
    seen(page.odata_count == 3, "count")
    page = await graph.users.get(listing(True, search='"displayName:lou"'))
    seen([user.display_name for user in page.value] == ["Lou Lee"], "search")
    page = await graph.users.get(listing(orderby=["displayName desc"]))
    seen([user.display_name for user in page.value] == ["Lou Lee", "Kim Lee", "Boss Fabrik"], "order")
    page = await graph.users.get(listing(expand=["manager"]))
    seen(any(user.manager and user.manager.display_name == "Boss Fabrik" for user in page.value), "expanded managers")
    config = RequestConfiguration()
    config.headers.add("ConsistencyLevel", "eventual")
    seen(await graph.users.count.get(config) == 3, "the segment $count")
    error = await refused(graph.users.get(listing(filter="companyName eq 'x'")), 400)
    seen(error.error.code == "Request_UnsupportedQuery", "an advanced query sent plainly")


async def people(graph):
    ada = await graph.users.post(joiner("ada"))
    seen(ada.id and ada.display_name == "Ada", "create")
    seen((await graph.users.by_user_id("ADA@fabrikam.com").get()).id == ada.id, "get by name")
    item = graph.users.by_user_id(ada.id)
    await item.patch(User(department="Research", business_phones=["+49 1"]))
    config = RequestConfiguration(
        query_parameters=UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=["department", "businessPhones"])
    )
    shown = await item.get(config)
    seen((shown.department, shown.business_phones) == ("Research", ["+49 1"]), "patch")
    await item.patch(User(business_phones=[]))
    seen((await item.get(config)).business_phones == [], "clear a list")
    boss = await graph.users.by_user_id("boss@fabrikam.com").get()
    root = graph.request_adapter.base_url
    await item.manager.ref.put(ReferenceUpdate(odata_id=f"{root}/users/{boss.id}"))
    manager = await item.manager.get()
    seen(isinstance(manager, User) and manager.display_name == "Boss Fabrik", "the manager is a user with a name")
    reports = await graph.users.by_user_id(boss.id).direct_reports.get()
    seen(len(reports.value) == 3 and isinstance(reports.value[0], User), "direct reports")
    await item.manager.ref.delete()
    await refused(item.manager.get(), 404)
    await refused(graph.users.post(joiner("ada")), 400)
    await item.revoke_sign_in_sessions.post()
    one = await item.authentication.temporary_access_pass_methods.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60))
    seen(one.temporary_access_pass, "a pass")
    seen(len((await item.authentication.temporary_access_pass_methods.get()).value) == 1, "the list of passes")
    return ada


async def licences(graph, ada):
    skus = await graph.subscribed_skus.get()
    seen(skus.value[0].sku_part_number == "SPE_E3" and skus.value[0].prepaid_units.enabled == 2, "subscriptions")
    item = graph.users.by_user_id(ada.id)
    sku = AssignedLicense(sku_id=SKU, disabled_plans=[])
    await item.assign_license.post(AssignLicensePostRequestBody(add_licenses=[sku], remove_licenses=[]))
    details = await item.license_details.get()
    seen(details.value[0].service_plans[0].service_plan_name == "EXCHANGE_S_ENTERPRISE", "plans of the licence")
    other = AssignedLicense(sku_id="00000000-0000-0000-0000-000000000001", disabled_plans=[])
    await refused(item.assign_license.post(AssignLicensePostRequestBody(add_licenses=[other], remove_licenses=[])), 400)


async def groups(graph, ada):
    body = Group(display_name="Claims", mail_nickname="claims", mail_enabled=False, security_enabled=True, group_types=[])
    group = await graph.groups.post(body)
    seen(group.id, "create a group")
    item = graph.groups.by_group_id(group.id)
    root = graph.request_adapter.base_url
    await item.members.ref.post(ReferenceCreate(odata_id=f"{root}/directoryObjects/{ada.id}"))
    members = await item.members.get()
    seen([member.display_name for member in members.value] == ["Ada"], "members")
    seen(len((await item.members.graph_user.get()).value) == 1, "members that are users")
    seen(len((await graph.users.by_user_id(ada.id).member_of.get()).value) == 1, "groups of the user")
    ask = GetMemberGroupsPostRequestBody(security_enabled_only=False)
    seen((await graph.users.by_user_id(ada.id).get_member_groups.post(ask)).value == [group.id], "getMemberGroups")
    await item.members.by_directory_object_id(ada.id).ref.delete()
    seen((await item.members.get()).value == [], "a member removed")
    await item.delete()


async def directory(graph, ada):
    found = await graph.directory_objects.get_by_ids.post(GetByIdsPostRequestBody(ids=[ada.id], types=["user"]))
    seen(isinstance(found.value[0], User), "getByIds")
    delta = await graph.users.delta.get()
    seen(len(delta.value) == 4 and delta.odata_delta_link, "delta")
    await graph.users.by_user_id(ada.id).delete()
    delta = await graph.users.delta.with_url(delta.odata_delta_link).get()
    seen(delta.value[0].additional_data["@removed"], "delta after a deletion")
    deleted = await graph.directory.deleted_items.graph_user.get()
    seen([user.id for user in deleted.value] == [ada.id], "deleted users")
    await graph.directory.deleted_items.by_directory_object_id(ada.id).restore.post()
    seen((await graph.users.by_user_id("ada@fabrikam.com").get()).id == ada.id, "restored")
    seen([domain.id for domain in (await graph.domains.get()).value].count("fabrikam.com") == 1, "domains")
    seen((await graph.organization.get()).value[0].verified_domains, "organization")
    roles = await graph.directory_roles.get()
    seen(roles.value[0].display_name == "Global Administrator", "directory roles")
    await refused(graph.invitations.get(), 501)
    await refused(graph.users.by_user_id(ada.id).sponsors.get(), 501)
    everybody = await graph.groups.get()
    seen([group.display_name for group in everybody.value] == ["Everybody"], "groups")


async def main(root):
    adapter = GraphRequestAdapter(Token())
    adapter.base_url = root
    graph = GraphServiceClient(request_adapter=adapter)
    await queries(graph)
    ada = await people(graph)
    await licences(graph, ada)
    await groups(graph, ada)
    await directory(graph, ada)
    print(f"Microsoft's Python SDK: {CALLS} checks passed")


asyncio.run(main(sys.argv[1]))
