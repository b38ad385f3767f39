"""Prints an HR export of so many people as the generic mapping reads it, with a few names that attack the page."""
import csv
import sys

COLUMNS = ("EmployeeID,FirstName,LastName,Email,Department,JobTitle,CostCentre,Country,Mobile,ManagerID,"
           "HireDate,TerminationDate,Status,WorkerType").split(",")
ODD = {
    7: ("<script>window.attacked=1</script>", "Tag"),
    8: ('"><img src=x onerror=window.attacked=1>', "Quote"),
    9: ("Right\u202eTo Left", "Mark"),
    10: ("Nguyễn Thị", "Đặng"),
    11: ("Wolfeschlegelsteinhausenbergerdorff" * 2, "Long"),
}


def main():
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    departments = ["Sales", "Growth", "Claims", "Audit", "Information technology"]
    for number in range(1, int(sys.argv[1]) + 1):
        given, surname = ODD.get(number, ("Maximiliana", f"Großmann{number}"))
        out.writerow({
            "EmployeeID": f"{number:05}",
            "FirstName": given,
            "LastName": surname,
            "Email": f"person{number}@contoso.com",
            "Mobile": f"+49 621 {5550000 + number}",
            "JobTitle": "Senior specialist for claims",
            "Department": departments[number % len(departments)],
            "CostCentre": f"CC{number % 50:03}",
            "Country": "DE",
            "ManagerID": f"{max(1, number // 10):05}" if number > 1 else "",
            "HireDate": "2024-01-15",
            "TerminationDate": "",
            "Status": "Active",
            "WorkerType": "Employee",
        })


if __name__ == "__main__":
    main()
